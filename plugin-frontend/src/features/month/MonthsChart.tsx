import { useId } from 'react';
import { Bar, BarShapeProps, Rectangle, XAxis } from 'recharts';
import { axisUpTo } from '../../domain/axis';
import { Certainty } from '../../domain/bounds';
import { MonthBar, MonthSeries } from '../../domain/monthSeries';
import { sizeOf } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import {
  ChartTooltip,
  ColumnsChart,
  Hatch,
  Legend,
  Swatch,
} from '../../ui/ColumnsChart';
import styles from '../spend/SpendChart.module.css';
import { monthRemarksOn } from './monthRemarks';

/** What the chart draws. */
export interface MonthsChartProps {
  series: MonthSeries;
  attribution?: Certainty['attribution'];
}

/**
 * A bar a month. The month that has not ended is hatched, and a band says where it is likely to end; a lower bound has a
 * dashed outline.
 */
export function MonthsChart({ series, attribution }: MonthsChartProps) {
  const { t, count, monthShort } = useWords();
  const hatch = `hatch-${useId().replace(/:/g, '')}`;
  const { months, highest, currency } = series;
  return (
    <ColumnsChart
      label={t('months.label', {
        count: months.length,
        number: count(months.length),
      })}
      rows={months}
      along="month"
      markOf={monthShort}
      axis={axisUpTo(highest)}
      currency={currency}
      tooltip={month => (
        <MonthTooltip month={month} attribution={attribution} />
      )}
      legend={<MonthsLegend months={months} />}
    >
      <defs>
        <Hatch id={hatch} className={styles.within} />
      </defs>
      {/* A second axis in the same place lets the band stand over the bar and not beside it. */}
      <XAxis xAxisId="forecast" dataKey="month" hide />
      <Bar
        dataKey="size"
        isAnimationActive={false}
        maxBarSize={56}
        minPointSize={(_, index) => (months[index].size > 0 ? 2 : 0)}
        shape={({ x, y, width, height, payload }: BarShapeProps) => {
          const { partial, complete } = payload as MonthBar;
          return (
            <Rectangle
              x={x}
              y={y}
              width={width}
              height={height}
              className={`${styles.bar} ${styles.within}`}
              fill={partial ? `url(#${hatch})` : 'currentColor'}
              data-partial={partial || undefined}
              data-incomplete={!complete || undefined}
            />
          );
        }}
      />
      <Bar
        xAxisId="forecast"
        dataKey="range"
        isAnimationActive={false}
        maxBarSize={56}
        shape={band}
      />
    </ColumnsChart>
  );
}

/** Draws where a month is likely to end: a band from the lowest to the highest end, and a line at the most likely one. */
function band({ x, y, width, height, payload }: BarShapeProps) {
  const { forecast, range } = payload as MonthBar;
  if (!forecast || !range) return <g />;
  const [low, high] = range;
  const down =
    high > low ? ((high - sizeOf(forecast.likely)) / (high - low)) * height : 0;
  return (
    <g data-forecast>
      <rect
        className={styles.band}
        x={x}
        y={y}
        width={width}
        height={Math.max(height, 1)}
      />
      <line
        className={styles.likely}
        x1={x}
        x2={x + width}
        y1={y + down}
        y2={y + down}
      />
    </g>
  );
}

function MonthsLegend({ months }: { months: readonly MonthBar[] }) {
  const { t } = useWords();
  const entries = [
    { kind: 'within', label: t('months.legend.spent'), shown: true },
    {
      kind: 'partial',
      label: t('months.legend.partial'),
      shown: months.some(it => it.partial),
    },
    {
      kind: 'incomplete',
      label: t('months.legend.incomplete'),
      shown: months.some(it => !it.complete),
    },
    {
      kind: 'forecast',
      label: t('months.legend.forecast'),
      shown: months.some(it => it.forecast),
    },
  ];
  return (
    <Legend
      entries={entries
        .filter(entry => entry.shown)
        .map(({ kind, label }) => ({
          key: kind,
          sign: <Swatch kind={kind} />,
          label,
        }))}
    />
  );
}

function MonthTooltip({
  month,
  attribution,
}: {
  month: MonthBar;
  attribution?: Certainty['attribution'];
}) {
  const words = useWords();
  const { complete, spent } = month;
  return (
    <ChartTooltip
      head={words.month(month.month)}
      sum={words.bound(words.money(spent), { complete, attribution })}
    >
      {monthRemarksOn(words, month).map(remark => (
        <span key={remark}>{remark}</span>
      ))}
    </ChartTooltip>
  );
}
