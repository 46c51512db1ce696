import { Part } from '../../domain/memberSeries';
import { Words } from '../../translations';

/** What a part of a bar is: a member's name, or how many others. */
export const partLabel = (
  { t, count }: Words,
  { name, members }: Part,
): string =>
  name ?? t('rollUp.days.others', { count: members, number: count(members) });
