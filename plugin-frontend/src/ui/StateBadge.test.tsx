import { screen } from '@testing-library/react';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { GovernanceState } from '../api';
import {
  GovernanceStateBadge,
  StateBadge,
  WalletStateBadge,
} from './StateBadge';

describe('StateBadge', () => {
  it('says its state in words, beside an icon that adds none', () => {
    const { container } = renderWithApis(
      <StateBadge tone="bad" label="Expired" />,
    );

    expect(screen.getByText('Expired')).toBeInTheDocument();
    expect(container.querySelector('svg')).toHaveAttribute(
      'aria-hidden',
      'true',
    );
  });
});

describe('GovernanceStateBadge', () => {
  it.each<[GovernanceState, string]>([
    ['ok', 'In order'],
    ['warning', 'Needs attention'],
    ['error', 'Action required'],
    ['unconfigured', 'Not set up'],
    ['unknown', 'Unknown'],
  ])('has a word for %s: %s', (state, word) => {
    renderWithApis(<GovernanceStateBadge state={state} />);

    expect(screen.getByText(word)).toBeInTheDocument();
  });
});

describe('WalletStateBadge', () => {
  it.each([
    ['healthy', 'Healthy', 'good'],
    ['low', 'Low', 'attention'],
    ['depleted', 'Depleted', 'bad'],
  ] as const)('of a wallet that is %s says %s', (state, word, tone) => {
    renderWithApis(<WalletStateBadge state={state} />);

    expect(screen.getByText(word)).toHaveAttribute('data-tone', tone);
  });
});
