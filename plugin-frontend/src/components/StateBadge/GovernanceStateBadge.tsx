import { GovernanceState } from '../../api';
import { Translate, useTranslation } from '../../translation';
import { StateBadge, Tone } from './StateBadge';

const TONES: Record<GovernanceState, Tone> = {
  ok: 'good',
  warning: 'attention',
  error: 'bad',
  unconfigured: 'neutral',
  unknown: 'unknown',
};

const LABELS: Record<GovernanceState, (t: Translate) => string> = {
  ok: t => t('state.ok'),
  warning: t => t('state.warning'),
  error: t => t('state.error'),
  unconfigured: t => t('state.unconfigured'),
  unknown: t => t('state.unknown'),
};

/** The state of an entity in words. */
export const governanceStateLabel = (
  t: Translate,
  state: GovernanceState,
): string => LABELS[state](t);

/** The state of an entity at a glance. */
export function GovernanceStateBadge({
  state,
  small,
}: {
  state: GovernanceState;
  small?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <StateBadge
      tone={TONES[state]}
      label={governanceStateLabel(t, state)}
      small={small}
    />
  );
}
