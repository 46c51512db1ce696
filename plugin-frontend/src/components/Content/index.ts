export { Content } from './Content';
export type { ContentProps } from './Content';
export { Failure } from './Failure';
export { failureText, useFailureText } from './failureText';
export type { FailureText } from './failureText';
