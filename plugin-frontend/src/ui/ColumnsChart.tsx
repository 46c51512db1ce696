import { ComponentProps, ReactElement, ReactNode } from 'react';
import {
  CartesianGrid,
  ComposedChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { Axis, axisLabel } from '../domain/axis';
import { useWords } from '../translations';
import styles from './ColumnsChart.module.css';

const HEIGHT = 280;

/** Wide enough that nothing is drawn twice on a desk; a browser corrects it before it paints. */
const FIRST_WIDTH = 900;

/** What a chart draws its bars and lines in. */
export interface ColumnsChartProps<T> {
  /** Says what it shows, for screen readers. */
  label: string;
  rows: readonly T[];
  /** The member of a row that says where it stands from left to right. */
  along: string & keyof T;
  /** A mark below the chart in words. */
  markOf: (along: string) => string;
  /** In `currency`, from 0. */
  axis: Axis;
  currency: string;
  /** Room above the highest bar, in pixels. */
  above?: number;
  /** One row in words, at the bar that is pointed at or reached with the arrow keys. */
  tooltip: (row: T) => ReactElement;
  /** Bars and lines of the chart library. */
  children: ReactNode;
  legend: ReactElement;
}

/** A bar a row with the axis of money beside it. The arrow keys move the tooltip. Load it where a chart is shown. */
export function ColumnsChart<T>(props: ColumnsChartProps<T>) {
  const { label, rows, along, markOf, axis, currency, above = 8 } = props;
  const { locale } = useWords();
  return (
    <figure className={styles.figure}>
      <div className={styles.canvas}>
        <ResponsiveContainer
          height={HEIGHT}
          initialDimension={{ width: FIRST_WIDTH, height: HEIGHT }}
        >
          <ComposedChart
            data={[...rows]}
            accessibilityLayer
            aria-label={label}
            margin={{ top: above, right: 8, bottom: 0, left: 0 }}
            barCategoryGap="20%"
          >
            <CartesianGrid
              vertical={false}
              stroke="var(--bui-border-1)"
              strokeOpacity={0.6}
            />
            <XAxis
              dataKey={along as string}
              tickFormatter={markOf}
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
                active && payload?.length
                  ? props.tooltip(payload[0].payload as T)
                  : null
              }
            />
            {props.children}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      {props.legend}
    </figure>
  );
}

/** The stripes of a bar whose time has not ended; `id` names them in a `fill`, `className` gives the colour. */
export const Hatch = ({ id, className }: { id: string; className: string }) => (
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

/** What a chart's colours and patterns mean. */
export function Legend({
  entries,
}: {
  /** With its sign; only those that the chart has. */
  entries: readonly { key: string; sign: ReactElement; label: ReactNode }[];
}) {
  const { t } = useWords();
  return (
    <ul className={styles.legend} aria-label={t('spend.legend.label')}>
      {entries.map(({ key, sign, label }) => (
        <li key={key} className={styles.entry}>
          {sign}
          {label}
        </li>
      ))}
    </ul>
  );
}

/** A sign of the legend that is a small box; `kind` names how it looks. */
export const Swatch = ({
  kind,
  ...props
}: { kind: string } & ComponentProps<'span'>) => (
  <span aria-hidden className={styles.swatch} data-kind={kind} {...props} />
);

/** One row in words: what it is, its sum, and more. */
export const ChartTooltip = ({
  head,
  sum,
  children,
}: {
  head: string;
  sum: string;
  children?: ReactNode;
}) => (
  <div role="status" className={styles.tooltip}>
    <span className={styles.tooltipHead}>{head}</span>
    <strong className={styles.tooltipSum}>{sum}</strong>
    {children}
  </div>
);
