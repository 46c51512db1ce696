import {
  RemixiconComponentType,
  RiAlertLine,
  RiCheckboxCircleLine,
  RiErrorWarningLine,
  RiIndeterminateCircleLine,
  RiQuestionLine,
} from '@remixicon/react';
import styles from './StateBadge.module.css';

/** How a badge is meant; its text says what it is about. */
export type Tone = 'good' | 'attention' | 'bad' | 'neutral' | 'unknown';

const ICONS: Record<Tone, RemixiconComponentType> = {
  good: RiCheckboxCircleLine,
  attention: RiErrorWarningLine,
  bad: RiAlertLine,
  neutral: RiIndeterminateCircleLine,
  unknown: RiQuestionLine,
};

/** A state in words, with an icon and a colour; never in colour alone. */
export function StateBadge({
  tone,
  label,
  small,
}: {
  tone: Tone;
  label: string;
  small?: boolean;
}) {
  const Icon = ICONS[tone];
  return (
    <span
      className={styles.badge}
      data-tone={tone}
      data-small={small || undefined}
    >
      <Icon aria-hidden size={small ? 14 : 16} className={styles.icon} />
      {label}
    </span>
  );
}
