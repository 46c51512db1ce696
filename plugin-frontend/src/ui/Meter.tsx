import { CSSProperties } from 'react';
import { clampRatio } from '../domain/ratio';
import styles from './Meter.module.css';

/** What a meter shows. */
export interface MeterProps {
  /** What is measured, for screen readers. */
  label: string;
  /** The whole reading in words; the bar alone says nothing. */
  text: string;
  /** Share that is used; above 1 the bar is full and hatched. */
  ratio: number;
  /** Share of the time that has passed, as a mark on the bar. */
  markRatio?: number;
  tone: 'normal' | 'attention' | 'bad';
}

/** A bar for a share that is used up, with a mark to hold it against. */
export function Meter({ label, text, ratio, markRatio, tone }: MeterProps) {
  const percent = Math.round(clampRatio(ratio) * 1000) / 10;
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={text}
      className={styles.track}
      data-tone={tone}
      data-over={ratio > 1 || undefined}
    >
      <div className={styles.fill} style={{ inlineSize: `${percent}%` }} />
      {markRatio !== undefined && (
        <div
          className={styles.mark}
          style={{ '--meter-mark': clampRatio(markRatio) } as CSSProperties}
        />
      )}
    </div>
  );
}
