import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { NOW } from '../fixtures/statuses';
import { FreshnessBar } from './FreshnessBar';
import { Resource } from './useResource';

const rendered = (changes: Partial<Resource<string>>, stale?: boolean) => {
  const refresh = jest.fn();
  const resource = {
    value: 'x',
    observedAt: NOW - 12_000,
    busy: false,
    clockAheadMs: 0,
    refreshable: true,
    refresh,
    ...changes,
  };
  renderWithApis(<FreshnessBar resource={resource} stale={stale} />);
  return refresh;
};

describe('FreshnessBar', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => jest.restoreAllMocks());

  it('says how old the facts are', () => {
    rendered({});

    expect(
      screen.getByText('Read from Keeptrusts 12 s ago'),
    ).toBeInTheDocument();
  });

  it('marks facts that are out of date', () => {
    rendered({}, true);

    expect(screen.getByText('Out of date')).toBeInTheDocument();
  });

  it('gives no age to facts that were never had', () => {
    rendered({ observedAt: undefined });

    expect(
      screen.getByText('Nothing is known from Keeptrusts yet'),
    ).toBeInTheDocument();
  });

  it('refreshes when asked to', async () => {
    const refresh = rendered({});

    await userEvent.click(screen.getByRole('button', { name: 'Refresh' }));

    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('is disabled while it rests, and keeps the focus', async () => {
    rendered({ refreshable: false });

    await userEvent.tab();

    const button = screen.getByRole('button', { name: 'Refreshed just now' });
    expect(button).toHaveAttribute('aria-disabled', 'true');
    expect(button).toHaveFocus();
  });

  it('says that it asks while it does', () => {
    rendered({ busy: true, refreshable: false });

    expect(screen.getByText('Asking Keeptrusts…')).toBeInTheDocument();
  });
});
