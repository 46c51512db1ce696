import { WalletStatus } from '../../api';
import { known } from '../../api/known';
import { Translate, useTranslation } from '../../translation';
import { StateBadge, Tone } from '../StateBadge';

type WalletState = WalletStatus['state'];

const TONES: Record<WalletState, Tone> = {
  healthy: 'good',
  low: 'attention',
  depleted: 'bad',
};

const LABELS: Record<WalletState, (t: Translate) => string> = {
  healthy: t => t('wallet.healthy'),
  low: t => t('wallet.low'),
  depleted: t => t('wallet.depleted'),
};

/** How full a wallet is, in a word; one that is not known here is the service's own. */
export function WalletStateBadge({ state }: { state: WalletState }) {
  const { t } = useTranslation();
  return (
    <StateBadge
      small
      tone={known(TONES, state) ?? 'unknown'}
      label={known(LABELS, state)?.(t) ?? state}
    />
  );
}
