import { useAnalytics } from '@backstage/core-plugin-api';
import { ToggleButton, ToggleButtonGroup } from '@backstage/ui';
import { useSearchParams } from 'react-router-dom';
import { useWords } from '../../translations';
import { Period, periodIn, PERIODS, withPeriod } from './period';

/** The period that the address has, `byDefault` where it has none, and a function that writes another one there. */
export function usePeriod(
  byDefault?: Period,
): [period: Period, choose: (period: Period) => void] {
  const analytics = useAnalytics();
  const [parameters, setParameters] = useSearchParams();
  return [
    periodIn(parameters, byDefault),
    period => {
      analytics.captureEvent('period', String(period));
      setParameters(now => withPeriod(now, period), { replace: true });
    },
  ];
}

/** The periods to choose from. */
export function PeriodChoice({
  period,
  onChoose,
}: {
  period: Period;
  onChoose: (period: Period) => void;
}) {
  const { t, count } = useWords();
  return (
    <ToggleButtonGroup
      aria-label={t('spend.period.label')}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[String(period)]}
      onSelectionChange={keys => {
        const chosen = PERIODS.find(it => keys.has(String(it)));
        if (chosen) onChoose(chosen);
      }}
    >
      {PERIODS.map(it => (
        <ToggleButton key={it} id={String(it)}>
          {t('spend.period.days', { count: it, number: count(it) })}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
