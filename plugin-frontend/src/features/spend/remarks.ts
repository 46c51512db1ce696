import { SpendDay } from '../../domain/spendSeries';
import { Translate } from '../../translations';

/** What is to be said of a day beside its sum; nothing of an ordinary one. */
export function remarksOn(t: Translate, day: SpendDay): string[] {
  return [
    day.partial && t('spend.day.partial'),
    day.beyond > 0 && t('spend.day.over'),
    !day.complete && t('spend.day.incomplete'),
  ].filter(it => it !== false);
}
