import {
  RemixiconComponentType,
  RiAlertLine,
  RiCheckboxCircleLine,
  RiErrorWarningLine,
  RiInformationLine,
  RiQuestionLine,
} from '@remixicon/react';
import { GovernanceState, WalletStatus } from '../api';
import { known } from '../domain/known';
import { Translate, useWords } from '../translations';
import styles from './StateBadge.module.css';

/** How a badge is meant; its text says what it is about. */
export type Tone = 'good' | 'attention' | 'bad' | 'neutral' | 'unknown';

const ICONS: Record<Tone, RemixiconComponentType> = {
  good: RiCheckboxCircleLine,
  attention: RiErrorWarningLine,
  bad: RiAlertLine,
  neutral: RiInformationLine,
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

const STATE_TONES: Record<GovernanceState, Tone> = {
  ok: 'good',
  warning: 'attention',
  error: 'bad',
  unconfigured: 'neutral',
  unknown: 'unknown',
};

const STATE_LABELS: Record<GovernanceState, (t: Translate) => string> = {
  ok: t => t('state.ok'),
  warning: t => t('state.warning'),
  error: t => t('state.error'),
  unconfigured: t => t('state.unconfigured'),
  unknown: t => t('state.unknown'),
};

/** The state of an entity in words; one that is not known here in the service's own. */
export const governanceStateLabel = (
  t: Translate,
  state: GovernanceState,
): string => known(STATE_LABELS, state)?.(t) ?? state;

/** How the state of an entity is meant. */
export const governanceStateTone = (state: GovernanceState): Tone =>
  known(STATE_TONES, state) ?? 'unknown';

/** The state of an entity at a glance. */
export function GovernanceStateBadge({
  state,
  small,
}: {
  state: GovernanceState;
  small?: boolean;
}) {
  const { t } = useWords();
  return (
    <StateBadge
      tone={governanceStateTone(state)}
      label={governanceStateLabel(t, state)}
      small={small}
    />
  );
}

type WalletState = WalletStatus['state'];

const WALLET_TONES: Record<WalletState, Tone> = {
  healthy: 'good',
  low: 'attention',
  depleted: 'bad',
};

const WALLET_LABELS: Record<WalletState, (t: Translate) => string> = {
  healthy: t => t('wallet.healthy'),
  low: t => t('wallet.low'),
  depleted: t => t('wallet.depleted'),
};

/** How full a wallet is, in a word; one that is not known here is the service's own. */
export function WalletStateBadge({ state }: { state: WalletState }) {
  const { t } = useWords();
  return (
    <StateBadge
      small
      tone={known(WALLET_TONES, state) ?? 'unknown'}
      label={known(WALLET_LABELS, state)?.(t) ?? state}
    />
  );
}
