export { WalletStateBadge } from './WalletStateBadge';
