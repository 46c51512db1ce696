import { Text } from '@backstage/ui';
import { BudgetStatus } from '../../api';
import {
  formatMoney,
  formatRatio,
  formatSpan,
  isZero,
  Pace,
  paceOf,
  paceText,
} from '../../format';
import { Translate, useTranslation } from '../../translation';
import { Meter, MeterProps } from '../Meter';
import { Moment } from '../Moment';
import styles from './GovernanceStatusCard.module.css';
import { SectionHead, Tag } from './SectionHead';

/** From this share on the budget counts as nearly used up; the service has the same limit for `budget-near`. */
const NEAR = 0.8;

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
  const { daily, usedRatio, elapsedRatio, complete, attribution, resetsAt } =
    budget;
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
      {daily && (
        <Meter
          label={t('budget.meter')}
          text={[
            `${spent} ${t('budget.of', { daily: formatMoney(daily) })}`,
            share,
          ]
            .filter(Boolean)
            .join(', ')}
          ratio={usedRatio ?? (isZero(budget.spent) ? 0 : 1)}
          markRatio={elapsedRatio}
          tone={toneOf(budget)}
        />
      )}
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

function spentText(t: Translate, { spent, complete }: BudgetStatus): string {
  const money = formatMoney(spent);
  return complete ? money : t('budget.atLeast', { money });
}

function shareText(
  t: Translate,
  { daily, usedRatio, elapsedRatio }: BudgetStatus,
): string | undefined {
  if (!daily) return undefined;
  const elapsed = formatRatio(elapsedRatio);
  return typeof usedRatio === 'number'
    ? t('budget.share', { used: formatRatio(usedRatio), elapsed })
    : t('budget.elapsed', { elapsed });
}

function toneOf({
  usedRatio,
  exhaustsAt,
  spent,
}: BudgetStatus): MeterProps['tone'] {
  const used = usedRatio ?? (isZero(spent) ? 0 : 1);
  if (used >= 1) return 'bad';
  return used >= NEAR || exhaustsAt ? 'attention' : 'normal';
}
