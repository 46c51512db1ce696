import { Text } from '@backstage/ui';
import { BudgetStatus } from '../../api';
import { Pace, paceOf } from '../../domain/pace';
import { paceText, PLACE, placed, useWords } from '../../translations';
import { BudgetMeter, shareText, spentText } from '../../ui/BudgetMeter';
import { Moment } from '../../ui/Moment';
import styles from './GovernanceStatusCard.module.css';
import { SectionHead, Tag } from './SectionHead';

/** What of a pace asks for something to be done. */
const URGENT = new Set<Pace['kind']>(['used-up', 'runs-out']);

/** Today's money against the budget, whether it will last, and when the count starts again. */
export function BudgetSection({
  budget,
  binds,
  now,
}: {
  budget: BudgetStatus;
  binds: boolean;
  now: number;
}) {
  const words = useWords();
  const { t, money, span } = words;
  const { daily, complete, attribution, resetsAt } = budget;
  const pace = paceOf(budget, now);
  const spent = spentText(words, budget);
  const share = shareText(words, budget);
  return (
    <section className={styles.section} aria-label={t('budget.title')}>
      <SectionHead title={t('budget.title')}>
        {binds && <Tag>{t('limit.binds')}</Tag>}
        {!complete && <Tag>{t('budget.lowerBound')}</Tag>}
      </SectionHead>
      <div className={styles.figures}>
        <span className={styles.figure}>
          {spent}{' '}
          {daily && (
            <span className={styles.figureOf}>
              {t('budget.of', { daily: money(daily) })}
            </span>
          )}
        </span>
        {share && <Text variant="body-small">{share}</Text>}
      </div>
      <BudgetMeter budget={budget} />
      <div className={styles.below}>
        <Text
          variant="body-small"
          weight={URGENT.has(pace.kind) ? 'bold' : 'regular'}
        >
          {daily ? paceText(words, pace, now) : t('budget.none')}
        </Text>
        {pace.kind !== 'day-over' && (
          <Text variant="body-small" color="secondary">
            {placed(
              t('budget.resets', {
                time: PLACE,
                span: span(Date.parse(resetsAt) - now),
              }),
              <Moment iso={resetsAt} now={now} />,
            )}
          </Text>
        )}
      </div>
      {attribution === 'team' && (
        <Text variant="body-small" color="secondary">
          {t('budget.upperBound')}
        </Text>
      )}
    </section>
  );
}
