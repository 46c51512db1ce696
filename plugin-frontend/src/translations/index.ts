export {
  failureText,
  findingText,
  monthChangeText,
  paceText,
  periodChangeText,
  unusualText,
  withheldText,
  withoutWithheld,
} from './phrases';
export type { FailureText, FindingText } from './phrases';
export { keeptrustsTranslationRef } from './ref';
export type { Translate } from './ref';
export { placed, PLACE, useWords, wordsOf } from './words';
export type { Words } from './words';
