import { render, screen } from '@testing-library/react';
import { surroundedBy } from '../../__testUtils__/renderWithApis';
import { WalletStateBadge } from './WalletStateBadge';

describe('WalletStateBadge', () => {
  it.each([
    ['healthy', 'Healthy', 'good'],
    ['low', 'Low', 'attention'],
    ['depleted', 'Depleted', 'bad'],
  ] as const)('of a wallet that is %s says %s', (state, word, tone) => {
    render(<WalletStateBadge state={state} />, { wrapper: surroundedBy({}) });

    expect(screen.getByText(word)).toHaveAttribute('data-tone', tone);
  });
});
