export { formatMoney, formatMoneyShort, isZero } from './money';
export { formatMoment, formatMomentInFull } from './moment';
export type { Place } from './moment';
export { paceOf, paceText } from './pace';
export type { Pace } from './pace';
export { clampRatio, formatCount, formatRatio } from './ratio';
export { formatAge, formatSpan } from './span';
