import { useId } from 'react';
import {
  Bar,
  BarChart,
  BarShapeProps,
  CartesianGrid,
  Rectangle,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { axisLabel, axisUpTo } from '../../domain/axis';
import { shareOf, SpendDay, SpendSeries } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import { remarksOn } from './remarks';
import styles from './SpendChart.module.css';

const HEIGHT = 280;

/** Wide enough that nothing is drawn twice on a desk; a browser corrects it before it paints. */
const FIRST_WIDTH = 900;

/** What the chart draws. */
export interface SpendChartProps {
  series: SpendSeries;
}

/**
 * A bar a day against the line of the budget. What is past the line has a colour of its own, the day that has not ended
 * is hatched, a lower bound has a dashed outline: nothing is said by colour alone. The arrow keys move the tooltip.
 */
export function SpendChart({ series }: SpendChartProps) {
  const { t, locale, count, day: dayText } = useWords();
  const hatch = `hatch-${useId().replace(/:/g, '')}`;
  const { days, limit, currency } = series;
  const axis = axisUpTo(Math.max(limit ?? 0, ...days.map(({ size }) => size)));
  return (
    <figure className={styles.figure}>
      <div className={styles.canvas}>
        <ResponsiveContainer
          height={HEIGHT}
          initialDimension={{ width: FIRST_WIDTH, height: HEIGHT }}
        >
          <BarChart
            data={[...days]}
            accessibilityLayer
            aria-label={t('spend.chart.label', {
              count: days.length,
              number: count(days.length),
            })}
            margin={{ top: 8, right: 8, bottom: 0, left: 0 }}
            barCategoryGap="20%"
          >
            <defs>
              <Hatch id={`${hatch}-within`} className={styles.within} />
              <Hatch id={`${hatch}-beyond`} className={styles.beyond} />
            </defs>
            <CartesianGrid
              vertical={false}
              stroke="var(--bui-border-1)"
              strokeOpacity={0.6}
            />
            <XAxis
              dataKey="date"
              tickFormatter={date => dayText(date)}
              tickLine={false}
              minTickGap={24}
              axisLine={{ stroke: 'var(--bui-border-2)' }}
              tick={{ className: styles.tick }}
            />
            <YAxis
              ticks={[...axis.ticks]}
              domain={[0, axis.ticks[axis.ticks.length - 1]]}
              tickFormatter={(size: number) =>
                axisLabel(axis, size, currency, locale)
              }
              tickLine={false}
              axisLine={false}
              width="auto"
              tick={{ className: styles.tick }}
            />
            <Tooltip
              isAnimationActive={false}
              position={{ y: 0 }}
              cursor={{ className: styles.cursor }}
              content={({ active, payload }) =>
                active && payload?.length ? (
                  <DayTooltip day={payload[0].payload} series={series} />
                ) : null
              }
            />
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
          </BarChart>
        </ResponsiveContainer>
      </div>
      <Legend series={series} />
    </figure>
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

function Hatch({ id, className }: { id: string; className: string }) {
  return (
    <pattern
      id={id}
      className={className}
      width={6}
      height={6}
      patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"
    >
      <rect width={3} height={6} fill="currentColor" />
    </pattern>
  );
}

/** What the chart's colours and patterns mean; only those that it has. */
function Legend({ series }: { series: SpendSeries }) {
  const { t, money } = useWords();
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
      kind: 'budget',
      label: budget ? t('spend.legend.budget', { amount: money(budget) }) : '',
      shown: Boolean(budget),
    },
  ];
  return (
    <ul className={styles.legend} aria-label={t('spend.legend.label')}>
      {entries
        .filter(entry => entry.shown)
        .map(({ kind, label }) => (
          <li key={kind} className={styles.entry}>
            <span aria-hidden className={styles.swatch} data-kind={kind} />
            {label}
          </li>
        ))}
    </ul>
  );
}

/** One day in words, at the bar that is pointed at or reached with the arrow keys. */
function DayTooltip({ day, series }: { day: SpendDay; series: SpendSeries }) {
  const words = useWords();
  const { t, money, ratio } = words;
  const { budget, attribution } = series;
  const share = shareOf(day.spent, budget);
  return (
    <div role="status" className={styles.tooltip}>
      <span className={styles.tooltipDay}>{words.dayInFull(day.date)}</span>
      <strong className={styles.tooltipSum}>
        {words.bound(money(day.spent), {
          complete: day.complete,
          attribution,
        })}
      </strong>
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
      {remarksOn(t, day).map(remark => (
        <span key={remark}>{remark}</span>
      ))}
    </div>
  );
}
