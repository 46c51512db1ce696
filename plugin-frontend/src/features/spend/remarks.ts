import { SpendDay } from '../../domain/spendSeries';
import { unusualText, Words } from '../../translations';

/** What is to be said of a day beside its sum; nothing of an ordinary one. */
export function remarksOn(words: Words, day: SpendDay): string[] {
  const { t } = words;
  return [
    day.partial && t('spend.day.partial'),
    day.beyond > 0 && t('spend.day.over'),
    day.unusual && unusualText(words, day.unusual),
    !day.complete && t('spend.day.incomplete'),
  ].filter(it => typeof it === 'string');
}
