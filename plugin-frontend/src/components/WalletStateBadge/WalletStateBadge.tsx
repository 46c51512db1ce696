import { WalletStatus } from '../../api';
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

/** How full a wallet is, in a word. */
export function WalletStateBadge({ state }: { state: WalletState }) {
  const { t } = useTranslation();
  return <StateBadge small tone={TONES[state]} label={LABELS[state](t)} />;
}
