import { Text } from '@backstage/ui';
import { RiInformationLine, RiLockLine } from '@remixicon/react';
import { MonthToDate, RollUp } from '../../api';
import { Certainty } from '../../domain/bounds';
import { useWords } from '../../translations';
import styles from './RollUp.module.css';

/** What is known of the sums of a roll-up: without the amounts that are not for the viewer they are lower bounds. */
export const certaintyOf = ({
  complete,
  withheld,
}: Pick<RollUp, 'complete' | 'withheld'>): Certainty => ({
  complete: complete && withheld === 0,
});

/** The month of a roll-up, which is as uncertain as its other sums. */
export const monthOf = (rollUp: RollUp): MonthToDate | undefined =>
  rollUp.month
    ? {
        ...rollUp.month,
        complete: rollUp.month.complete && rollUp.withheld === 0,
      }
    : undefined;

/** Why sums are lower bounds, where they are. */
export function Notes({ rollUp }: { rollUp: RollUp }) {
  const { t, count } = useWords();
  const { withheld, complete, total, findings = [] } = rollUp;
  // A finding says more, and so does the number of those whose amounts are missing.
  const said =
    withheld > 0 || findings.some(it => it.code === 'spend-incomplete');
  return (
    <>
      {total && !complete && !said && (
        <div className={styles.aside} data-note="lower-bound">
          <RiInformationLine aria-hidden size={16} className={styles.icon} />
          <Text variant="body-small" color="secondary">
            {t('rollUp.lowerBound')}
          </Text>
        </div>
      )}
      {withheld > 0 && (
        <div className={styles.aside} data-note="withheld">
          <RiLockLine aria-hidden size={16} className={styles.icon} />
          <Text variant="body-small" color="secondary">
            {t('rollUp.withheld', { count: withheld, number: count(withheld) })}
          </Text>
        </div>
      )}
    </>
  );
}
