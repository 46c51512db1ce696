export {
  failureText,
  findingText,
  paceText,
  withheldText,
  withoutWithheld,
} from './phrases';
export type { FailureText, FindingText } from './phrases';
export { keeptrustsTranslationRef } from './ref';
export type { Translate } from './ref';
export { placed, PLACE, useWords, wordsOf } from './words';
export type { Words } from './words';
