export { CardFrame } from './CardFrame';
export type { CardFrameProps } from './CardFrame';
export { Legible } from './Legible';
