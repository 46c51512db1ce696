import { Text } from '@backstage/ui';
import { RollUp } from '../../api';
import { memberSeriesOf } from '../../domain/memberSeries';
import { isZero } from '../../domain/money';
import {
  periodChangeText,
  useWords,
  withheldText,
  withoutWithheld,
} from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { Figure, Figures } from '../../ui/Figures';
import { Findings } from '../../ui/Findings';
import { MonthSummary } from '../month/MonthSummary';
import { ModelsTable } from '../spend/ModelsTable';
import { Attention } from './Attention';
import { MemberDaysCard } from './MemberDaysCard';
import { MembersTable } from './MembersTable';
import { certaintyOf, monthOf, Notes } from './Notes';
import styles from './RollUp.module.css';
import { SharedKeys } from './SharedKeys';
import { StateCounts } from './StateCounts';
import { Wallets } from './Wallets';

/** As many as one looks through; the table of the members has all. */
const MOST_SHOWN = 10;

/** A roll-up from the whole to its parts: what stands in the way, the sums, the days, who needs attention, members, models. */
export function RollUpReport({
  rollUp,
  now,
}: {
  rollUp: RollUp;
  /** In milliseconds of the service's clock. */
  now: number;
}) {
  const { t } = useWords();
  const {
    findings = [],
    members,
    byModel,
    sharedKeys,
    wallets,
    total,
  } = rollUp;
  const series = memberSeriesOf(rollUp);
  const month = monthOf(rollUp);
  return (
    <div className={styles.sections}>
      <Findings findings={withoutWithheld(findings)} />
      <StateCounts states={rollUp.states} />
      {total ? <Sums rollUp={rollUp} /> : <NoAmounts rollUp={rollUp} />}
      <Notes rollUp={rollUp} />
      {month && (
        <CardFrame title={t('month.heading')}>
          <MonthSummary month={month} />
        </CardFrame>
      )}
      {series && <MemberDaysCard series={series} timezone={rollUp.timezone} />}
      <CardFrame title={t('rollUp.attention.title')}>
        <Attention members={members} most={MOST_SHOWN} now={now} />
      </CardFrame>
      <CardFrame title={t('rollUp.members.heading')}>
        <MembersTable members={members} total={total} now={now} />
      </CardFrame>
      {byModel && (
        <CardFrame title={t('spend.model.heading')}>
          <ModelsTable
            models={byModel}
            total={total}
            certainty={certaintyOf(rollUp)}
          />
        </CardFrame>
      )}
      {sharedKeys && sharedKeys.length > 0 && <SharedKeys keys={sharedKeys} />}
      {wallets && wallets.length > 0 && <Wallets wallets={wallets} />}
    </div>
  );
}

/** The period in figures: its sum, the budgets of a day, and what no member claims. */
function Sums({ rollUp }: { rollUp: RollUp }) {
  const words = useWords();
  const { t, money, count } = words;
  const { total, days, dailyBudget, budgets, unclaimed, previous } = rollUp;
  const certainty = certaintyOf(rollUp);
  return (
    <Figures>
      {total && (
        <Figure
          label={t('spend.total', { count: days, number: count(days) })}
          value={words.bound(money(total), certainty)}
          notes={[periodChangeText(words, days, certainty, previous)]}
        />
      )}
      <Figure
        label={t('rollUp.budget.title')}
        value={dailyBudget ? money(dailyBudget) : t('rollUp.budget.none')}
        notes={[
          dailyBudget && budgets
            ? t('rollUp.budget.members', {
                count: budgets,
                number: count(budgets),
              })
            : undefined,
        ]}
      />
      {unclaimed && !isZero(unclaimed) && (
        <Figure
          label={t('rollUp.unclaimed.title')}
          value={words.bound(money(unclaimed), { complete: rollUp.complete })}
          notes={[t('rollUp.unclaimed.note')]}
        />
      )}
    </Figures>
  );
}

function NoAmounts({ rollUp: { findings = [] } }: { rollUp: RollUp }) {
  const words = useWords();
  const { t } = words;
  return (
    <div role="note">
      <Text as="h3" variant="body-large" weight="bold">
        {t('rollUp.noNumbers.title')}
      </Text>
      <Text as="p" variant="body-medium" color="secondary">
        {withheldText(words, findings) ?? t('rollUp.noNumbers.description')}
      </Text>
    </div>
  );
}
