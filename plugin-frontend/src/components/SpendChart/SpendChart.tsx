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
import { formatMoneyShort } from '../../format';
import { useTranslation } from '../../translation';
import { DayTooltip } from './DayTooltip';
import { Legend } from './Legend';
import styles from './SpendChart.module.css';
import { formatDay } from './spendLabels';
import { SpendDay, SpendSeries } from './spendSeries';

const HEIGHT = 280;

/** Wide enough that nothing is drawn twice on a desk; a browser corrects it before it paints. */
const FIRST_WIDTH = 900;

/** What the chart draws. */
export interface SpendChartProps {
  series: SpendSeries;
}

/**
 * A bar a day against the line of the budget. What is past the line has a colour of its own, the day that has not ended
 * is hatched, a lower bound has a dashed outline: nothing is told by colour alone. The arrow keys move the tooltip.
 */
export function SpendChart({ series }: SpendChartProps) {
  const { t } = useTranslation();
  const hatch = `hatch-${useId().replace(/:/g, '')}`;
  const { days, limit, currency } = series;
  const money = (size: number) => ({ amount: String(size), currency });
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
            aria-label={t('spend.chart.label', { days: String(days.length) })}
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
              tickFormatter={date => formatDay(date)}
              tickLine={false}
              minTickGap={24}
              axisLine={{ stroke: 'var(--bui-border-2)' }}
              tick={{ className: styles.tick }}
            />
            <YAxis
              tickFormatter={(size: number) => formatMoneyShort(money(size))}
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
