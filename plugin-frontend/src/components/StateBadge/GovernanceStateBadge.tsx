import { GovernanceState } from '../../api';
import { known } from '../../api/known';
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

/** The state of an entity in words; one that is not known here in the service's own. */
export const governanceStateLabel = (
  t: Translate,
  state: GovernanceState,
): string => known(LABELS, state)?.(t) ?? state;

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
      tone={known(TONES, state) ?? 'unknown'}
      label={governanceStateLabel(t, state)}
      small={small}
    />
  );
}
