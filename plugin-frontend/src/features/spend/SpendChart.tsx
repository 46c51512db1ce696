import { useId } from 'react';
import {
  Bar,
  BarShapeProps,
  Line,
  Rectangle,
  ReferenceDot,
  ReferenceLine,
} from 'recharts';
import { PreviousPeriod } from '../../api';
import { axisUpTo } from '../../domain/axis';
import { shareOf, SpendDay, SpendSeries } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import {
  ChartTooltip,
  ColumnsChart,
  Hatch,
  Legend,
  Swatch,
} from '../../ui/ColumnsChart';
import { remarksOn } from './remarks';
import styles from './SpendChart.module.css';

/** Above the highest bar there is room for the sign of an unusual day, in pixels. */
const ABOVE = 20;

/** What the chart draws. */
export interface SpendChartProps {
  series: SpendSeries;
  /** The period before, whose days the series has. */
  previous?: PreviousPeriod | null;
}

/**
 * A bar a day against the line of the budget. What is past the line has a colour of its own, the day that has not ended
 * is hatched, a lower bound has a dashed outline, an unusual day has a triangle: nothing is said by colour alone. The days
 * of the period before are a line.
 */
export function SpendChart({ series, previous }: SpendChartProps) {
  const { t, count, day: dayText } = useWords();
  const hatch = `hatch-${useId().replace(/:/g, '')}`;
  const { days, limit, currency } = series;
  const unusual = days.filter(day => day.unusual);
  return (
    <ColumnsChart
      label={t('spend.chart.label', {
        count: days.length,
        number: count(days.length),
      })}
      rows={days}
      along="date"
      markOf={dayText}
      axis={axisUpTo(
        Math.max(
          limit ?? 0,
          ...days.flatMap(({ size, beforeSize = 0 }) => [size, beforeSize]),
        ),
      )}
      currency={currency}
      above={unusual.length ? ABOVE : undefined}
      tooltip={day => <DayTooltip day={day} series={series} />}
      legend={<DaysLegend series={series} previous={previous} />}
    >
      <defs>
        <Hatch id={`${hatch}-within`} className={styles.within} />
        <Hatch id={`${hatch}-beyond`} className={styles.beyond} />
      </defs>
      <Bar
        dataKey="within"
        stackId="day"
        isAnimationActive={false}
        minPointSize={leastHeight(days, 'within')}
        shape={bar(styles.within, `url(#${hatch}-within)`)}
      />
      <Bar
        dataKey="beyond"
        stackId="day"
        isAnimationActive={false}
        minPointSize={leastHeight(days, 'beyond')}
        shape={bar(styles.beyond, `url(#${hatch}-beyond)`)}
      />
      {limit !== undefined && (
        <ReferenceLine
          y={limit}
          ifOverflow="extendDomain"
          className={styles.budget}
        />
      )}
      {days.some(day => day.before) &&
        // Over a bar the line is seen by the edge that it has.
        [styles.edge, styles.before].map(className => (
          <Line
            key={className}
            dataKey="beforeSize"
            className={className}
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
        ))}
      {unusual.map(({ date, size }) => (
        <ReferenceDot
          key={date}
          x={date}
          y={size}
          ifOverflow="visible"
          shape={({ cx = 0, cy = 0 }) => (
            <path
              className={styles.unusual}
              data-unusual={date}
              d={`M ${cx} ${cy - 16} l 7 12 h -14 z`}
            />
          )}
        />
      ))}
    </ColumnsChart>
  );
}

/** What is not nothing can be seen, be it a cent beside a thousand. */
const leastHeight =
  (days: readonly SpendDay[], part: 'within' | 'beyond') =>
  (_: unknown, index: number) =>
    days[index][part] > 0 ? 2 : 0;

/** Draws one part of a day's bar: `className` gives the colour, `hatched` is the fill of a day that has not ended. */
function bar(className: string, hatched: string) {
  return ({ x, y, width, height, payload }: BarShapeProps) => {
    const { partial, complete } = payload as SpendDay;
    return (
      <Rectangle
        x={x}
        y={y}
        width={width}
        height={height}
        className={`${styles.bar} ${className}`}
        fill={partial ? hatched : 'currentColor'}
        data-partial={partial || undefined}
        data-incomplete={!complete || undefined}
      />
    );
  };
}

function DaysLegend({ series, previous }: SpendChartProps) {
  const { t, money, day: dayText } = useWords();
  const { days, budget } = series;
  const entries = [
    { kind: 'within', label: t('spend.legend.within'), shown: true },
    {
      kind: 'beyond',
      label: t('spend.legend.beyond'),
      shown: days.some(day => day.beyond > 0),
    },
    {
      kind: 'partial',
      label: t('spend.legend.partial'),
      shown: days.some(day => day.partial),
    },
    {
      kind: 'incomplete',
      label: t('spend.legend.incomplete'),
      shown: days.some(day => !day.complete),
    },
    {
      kind: 'unusual',
      label: t('spend.unusual.short'),
      shown: days.some(day => day.unusual),
    },
    {
      kind: 'budget',
      label: budget ? t('spend.legend.budget', { amount: money(budget) }) : '',
      shown: Boolean(budget),
    },
    {
      kind: 'before',
      label: previous
        ? t('spend.previous.legend', {
            from: dayText(previous.from),
            to: dayText(previous.to),
          })
        : '',
      shown: Boolean(previous) && days.some(day => day.before),
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

function DayTooltip({ day, series }: { day: SpendDay; series: SpendSeries }) {
  const words = useWords();
  const { t, money, ratio } = words;
  const { budget, attribution } = series;
  const share = shareOf(day.spent, budget);
  return (
    <ChartTooltip
      head={words.dayInFull(day.date)}
      sum={words.bound(money(day.spent), {
        complete: day.complete,
        attribution,
      })}
    >
      {budget && share !== undefined && (
        <span>
          {t('spend.day.share', {
            share: words.bound(ratio(share), {
              complete: day.complete,
              attribution,
            }),
            budget: money(budget),
          })}
        </span>
      )}
      {remarksOn(words, day).map(remark => (
        <span key={remark}>{remark}</span>
      ))}
      {day.before && (
        <span>
          {t('spend.previous.day', {
            amount: words.bound(money(day.before.spent), {
              complete: day.before.complete,
              attribution,
            }),
          })}
        </span>
      )}
    </ChartTooltip>
  );
}
