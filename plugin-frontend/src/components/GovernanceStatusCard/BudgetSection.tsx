import { Text } from '@backstage/ui';
import { BudgetStatus } from '../../api';
import { formatMoney, formatSpan, Pace, paceOf, paceText } from '../../format';
import { useTranslation } from '../../translation';
import { BudgetMeter, shareText, spentText } from '../BudgetMeter';
import { Moment } from '../Moment';
import styles from './GovernanceStatusCard.module.css';
import { SectionHead, Tag } from './SectionHead';

/** What of a pace asks for something to be done. */
const URGENT = new Set<Pace['kind']>(['used-up', 'runs-out']);

/** Today's money against the budget, whether it will last, and when the count begins anew. */
export function BudgetSection({
  budget,
  binds,
  now,
}: {
  budget: BudgetStatus;
  binds: boolean;
  now: number;
}) {
  const { t } = useTranslation();
  const { daily, complete, attribution, resetsAt } = budget;
  const pace = paceOf(budget, now);
  const spent = spentText(t, budget);
  const share = shareText(t, budget);
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
              {t('budget.of', { daily: formatMoney(daily) })}
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
          {daily ? paceText(t, pace, now) : t('budget.none')}
        </Text>
        {pace.kind !== 'day-over' && (
          <Text variant="body-small" color="secondary">
            {t('budget.resets')} <Moment iso={resetsAt} now={now} />{' '}
            {t('budget.resetsIn', {
              span: formatSpan(t, Date.parse(resetsAt) - now),
            })}
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
