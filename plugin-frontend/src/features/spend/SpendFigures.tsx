import { SpendReport } from '../../api';
import { SpendSeries } from '../../domain/spendSeries';
import { periodChangeText, useWords, Words } from '../../translations';
import { Figure, Figures } from '../../ui/Figures';

/** The period in three figures: its sum, its budget, its highest day. */
export function SpendFigures({
  report,
  series,
}: {
  report: SpendReport;
  series: SpendSeries;
}) {
  const words = useWords();
  const { t, money, count } = words;
  const { total, complete, attribution, dailyBudget, days } = report;
  const certainty = { complete, attribution };
  const { highest } = series;
  return (
    <Figures>
      {total && (
        <Figure
          label={t('spend.total', { count: days, number: count(days) })}
          value={words.bound(money(total), certainty)}
          notes={[
            todayText(words, series),
            periodChangeText(words, days, certainty, report.previous),
          ]}
        />
      )}
      <Figure
        label={t('spend.budget.title')}
        value={dailyBudget ? money(dailyBudget) : t('spend.budget.none')}
        notes={[exceededText(words, report, series)]}
      />
      <Figure
        label={t('spend.highest.title')}
        value={
          highest
            ? // A day of which not all is known may have been higher.
              words.bound(money(highest.spent), certainty)
            : t('spend.highest.none')
        }
        notes={[highest && words.day(highest.date)]}
      />
    </Figures>
  );
}

function todayText(
  { t, money, bound }: Words,
  { days, attribution }: SpendSeries,
): string | undefined {
  const today = days.find(day => day.partial);
  return (
    today &&
    t('spend.today', {
      amount: bound(money(today.spent), {
        complete: today.complete,
        attribution,
      }),
    })
  );
}

function exceededText(
  { t, count, bound }: Words,
  { complete, attribution }: SpendReport,
  { daysOver, days }: SpendSeries,
): string | undefined {
  if (daysOver === undefined) return undefined;
  if (daysOver === 0)
    return complete ? t('spend.budget.never') : t('spend.budget.neverKnown');
  return t('spend.budget.over', {
    over: bound(count(daysOver), { complete, attribution }),
    count: days.length,
    number: count(days.length),
  });
}
