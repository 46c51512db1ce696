import { useId } from 'react';
import { Bar, BarShapeProps, Rectangle } from 'recharts';
import { axisUpTo } from '../../domain/axis';
import { MemberDay, MemberSeries } from '../../domain/memberSeries';
import { useWords } from '../../translations';
import {
  ChartTooltip,
  ColumnsChart,
  Legend,
  Swatch,
} from '../../ui/ColumnsChart';
import styles from './MembersChart.module.css';
import { partLabel } from './partLabel';

/** The side of a sign in the legend, in pixels. */
const SIGN = 14;

/**
 * A bar a day, each made of the largest members and the others. Every part has a colour and a pattern of its own, and
 * stands in the same place in each bar: it can be read without colours. The day that has not ended is paler, a lower bound
 * has a dashed outline.
 */
export function MembersChart({ series }: { series: MemberSeries }) {
  const { t, count, day: dayText } = useWords();
  const id = useId().replace(/:/g, '');
  const { days, parts, highest, currency } = series;
  const fillOf = (index: number) => `url(#${id}-${index})`;
  return (
    <ColumnsChart
      label={t('rollUp.days.label', {
        count: days.length,
        number: count(days.length),
      })}
      rows={days}
      along="date"
      markOf={dayText}
      axis={axisUpTo(highest)}
      currency={currency}
      tooltip={day => <DayTooltip day={day} series={series} />}
      legend={<PartsLegend series={series} fillOf={fillOf} />}
    >
      <defs>
        {parts.map((_, index) => (
          <Pattern key={index} id={`${id}-${index}`} index={index} />
        ))}
      </defs>
      {parts.map((part, index) => (
        <Bar
          key={part.entityRef ?? 'others'}
          dataKey={(day: MemberDay) => day.sizes[index]}
          stackId="day"
          isAnimationActive={false}
          shape={({ x, y, width, height, payload }: BarShapeProps) => {
            const { partial, complete } = payload as MemberDay;
            if (!height) return <g />;
            return (
              <Rectangle
                x={x}
                y={y}
                width={width}
                height={height}
                className={styles.part}
                fill={fillOf(index)}
                data-part={index}
                data-partial={partial || undefined}
                data-incomplete={!complete || undefined}
              />
            );
          }}
        />
      ))}
    </ColumnsChart>
  );
}

/** What is drawn over the colour of each part, in a square of 8 pixels; the first has its colour alone. */
const DRAWINGS = [
  '',
  'M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4',
  'M0,4 h8',
  'M4,0 v8',
  'M0,0 l8,8 M0,8 l8,-8',
  'M4,3 v2 M3,4 h2',
];

function Pattern({ id, index }: { id: string; index: number }) {
  return (
    <pattern id={id} width={8} height={8} patternUnits="userSpaceOnUse">
      <rect width={8} height={8} className={styles.colour} data-part={index} />
      <path d={DRAWINGS[index]} className={styles.drawing} />
    </pattern>
  );
}

function PartsLegend({
  series: { parts, days },
  fillOf,
}: {
  series: MemberSeries;
  fillOf: (index: number) => string;
}) {
  const words = useWords();
  const { t } = words;
  const more = [
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
  ];
  return (
    <Legend
      entries={[
        ...parts.map((part, index) => ({
          key: part.entityRef ?? 'others',
          sign: (
            <svg aria-hidden width={SIGN} height={SIGN}>
              <rect width={SIGN} height={SIGN} rx={2} fill={fillOf(index)} />
            </svg>
          ),
          label: partLabel(words, part),
        })),
        ...more
          .filter(it => it.shown)
          .map(({ kind, label }) => ({
            key: kind,
            sign: <Swatch kind={kind === 'partial' ? 'pale' : kind} />,
            label,
          })),
      ]}
    />
  );
}

function DayTooltip({ day, series }: { day: MemberDay; series: MemberSeries }) {
  const words = useWords();
  const { t, money } = words;
  const certainty = { complete: day.complete };
  return (
    <ChartTooltip
      head={words.dayInFull(day.date)}
      sum={words.bound(money(day.spent), certainty)}
    >
      {series.parts.map((part, index) =>
        day.sizes[index] > 0 ? (
          <span key={part.entityRef ?? 'others'} className={styles.row}>
            <span>{partLabel(words, part)}</span>
            <span className={styles.amount}>{money(day.amounts[index])}</span>
          </span>
        ) : null,
      )}
      {day.partial && <span>{t('spend.day.partial')}</span>}
      {!day.complete && <span>{t('spend.day.incomplete')}</span>}
    </ChartTooltip>
  );
}
