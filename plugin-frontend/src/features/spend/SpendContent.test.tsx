import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { NotPermittedError, SpendReport, UnreachableError } from '../../api';
import { plainEntity } from '../../fixtures/entities';
import {
  incomplete,
  nothingSpent,
  reportOver,
  tooNew,
  week,
  withHistory,
  forOthers,
  withheld,
} from './fixtures';
import { SpendContent } from './SpendContent';

const rendered = (value: SpendReport) => {
  const getSpend = jest.fn().mockResolvedValue({ value });
  return {
    ...renderWithApis(<SpendContent />, { api: { getSpend } }),
    getSpend,
  };
};

const rowsOf = (table: HTMLElement) =>
  within(table)
    .getAllByRole('row')
    .slice(1)
    .map(row => row.textContent);

describe('SpendContent', () => {
  it('asks for 30 days of the entity of the page, in one request', async () => {
    const { getSpend } = rendered(reportOver(30));

    expect(await screen.findByText('Spent in 30 days')).toBeInTheDocument();
    expect(getSpend).toHaveBeenCalledTimes(1);
    expect(getSpend).toHaveBeenCalledWith(
      'component:default/customer-support-bot',
      30,
      expect.objectContaining({ refresh: false }),
    );
  });

  it('sums the period up in three figures', async () => {
    rendered(week);

    expect(await screen.findByText('$2,170.98')).toBeInTheDocument();
    expect(screen.getByText('Exceeded on 1 of 7 days')).toBeInTheDocument();
    expect(screen.getByText('$540.10')).toBeInTheDocument();
  });

  it('asks again for another period, keeps the old numbers until it is there, and names it then', async () => {
    const { getSpend } = rendered(reportOver(30));
    const thirty = await screen.findByText('Spent in 30 days');
    let answer = (_: { value: SpendReport }) => {};
    getSpend.mockReturnValueOnce(
      new Promise(resolve => {
        answer = resolve;
      }),
    );

    await userEvent.click(screen.getByRole('radio', { name: '7 days' }));

    expect(getSpend).toHaveBeenLastCalledWith(
      expect.any(String),
      7,
      expect.objectContaining({ refresh: false }),
    );
    expect(thirty).toBeInTheDocument();
    answer({ value: week });
    expect(await screen.findByText('Spent in 7 days')).toBeInTheDocument();
  });

  it('has the same numbers as a table, the latest day first and marked as not over', async () => {
    rendered(week);

    await userEvent.click(await screen.findByRole('radio', { name: 'Table' }));

    const rows = rowsOf(screen.getByRole('grid', { name: 'By day' }));
    expect(rows).toHaveLength(7);
    expect(rows[0]).toBe('Tuesday, March 10, 2026$123.4524%Today so far');
    expect(rows[2]).toContain('$540.10108%Over the budget');
  });

  it('marks sums that are lower bounds wherever they stand', async () => {
    rendered(incomplete);

    expect(await screen.findByText('at least $2,170.98')).toBeInTheDocument();
    expect(screen.getByText('at least $540.10')).toBeInTheDocument();
    expect(
      screen.getByText('Exceeded on at least 1 of 7 days'),
    ).toBeInTheDocument();
    expect(
      screen.getByText(/The sums of 2 days are lower bounds/),
    ).toBeInTheDocument();
    await userEvent.click(screen.getByRole('radio', { name: 'Table' }));
    const rows = rowsOf(screen.getByRole('grid', { name: 'By day' }));
    expect(rows.filter(row => row?.includes('at least'))).toHaveLength(2);
  });

  it('says that sums which hold others’ bookings may be too high', async () => {
    rendered({ ...week, attribution: 'team' });

    expect(await screen.findByText('at most $2,170.98')).toBeInTheDocument();
    expect(screen.getByText(/the numbers may be too high/)).toBeInTheDocument();
  });

  it('shows which models the money went to, and less than a cent as what it is', async () => {
    rendered(week);

    const rows = rowsOf(await screen.findByRole('grid', { name: 'By model' }));
    expect(rows).toEqual([
      'claude-sonnet-4$1,800.0082%10,412',
      'gpt-4o-mini$370.9717%29,001',
      'No model named$0.0042<1%3',
    ]);
  });

  it('says that nothing was spent', async () => {
    rendered(nothingSpent);

    expect(
      await screen.findByText('No spend in this period'),
    ).toBeInTheDocument();
    expect(screen.getByText('Not exceeded on any day')).toBeInTheDocument();
    expect(
      screen.getByText('No request was paid for in this period.'),
    ).toBeInTheDocument();
  });

  it('shows why numbers are withheld, and no zeroes in their place', async () => {
    const { container } = rendered(withheld);

    expect(
      await screen.findByText(/belongs to another team/),
    ).toBeInTheDocument();
    expect(screen.getByText('No numbers to show')).toBeInTheDocument();
    expect(container).not.toHaveTextContent('$');
  });

  it('says quietly for whom amounts are, where they are not for the viewer', async () => {
    const { container } = rendered(forOthers);

    expect(
      await screen.findByText(
        'Amounts are for members of group:default/support-team and of the platform groups.',
      ),
    ).toBeInTheDocument();
    expect(screen.queryByRole('group', { name: 'Findings' })).toBeNull();
    expect(container).not.toHaveTextContent('$');
  });

  it('holds the period and the month against those before', async () => {
    rendered(withHistory);

    expect(
      await screen.findByText('12% more than in the 7 days before ($1,938.38)'),
    ).toBeInTheDocument();
    expect(
      screen.getByText('12% more than in as much of February 2026 ($2,866.52)'),
    ).toBeInTheDocument();
  });

  it('says where the month is likely to end as a range, and how that is made', async () => {
    rendered(withHistory);

    expect(
      await screen.findByText('$9,120.00 to $10,730.00'),
    ).toBeInTheDocument();
    expect(
      screen.getByText(/28 that have ended \(28 are known\)/),
    ).toBeInTheDocument();
    expect(
      screen.getByRole('meter', { name: 'Monthly budget' }),
    ).toHaveAttribute('aria-valuetext', '$3,210.50 of $10,000.00, 32% used');
  });

  it('says why there is no forecast', async () => {
    rendered(tooNew);

    expect(await screen.findByText('No forecast')).toBeInTheDocument();
    expect(
      screen.getByText('Fewer than 7 whole days are known.'),
    ).toBeInTheDocument();
  });

  it('does not compare a sum that is a lower bound', async () => {
    rendered({
      ...withHistory,
      complete: false,
      month: { ...withHistory.month!, complete: false, change: null },
    });

    expect(
      await screen.findByText('The 7 days before: $1,938.38'),
    ).toBeInTheDocument();
    expect(screen.getByText('at least $3,210.50')).toBeInTheDocument();
    expect(
      screen.getByText('In as much of February 2026: $2,866.52'),
    ).toBeInTheDocument();
  });

  it('has the months as a table, the latest first, with what is to be said of each', async () => {
    rendered(withHistory);
    const choice = await screen.findByRole('radiogroup', {
      name: 'Show the months as',
    });

    await userEvent.click(within(choice).getByRole('radio', { name: 'Table' }));

    expect(rowsOf(screen.getByRole('grid', { name: 'By month' }))).toEqual([
      'March 2026$3,210.5019,021Month so farLikely to end between $9,120.00 and $10,730.00',
      'February 2026$8,120.1051,233',
      'January 2026at least $6,903.11at least 30,412Lower bound: not all events could be read',
    ]);
  });

  it('names the model that made a day unusual', async () => {
    rendered(withHistory);
    const choice = await screen.findByRole('radiogroup', {
      name: 'Show the days as',
    });

    await userEvent.click(within(choice).getByRole('radio', { name: 'Table' }));

    expect(rowsOf(screen.getByRole('grid', { name: 'By day' }))[2]).toContain(
      '3.4 times the usual $158.85; most of the rest is claude-sonnet-4',
    );
  });

  it('shows how to annotate an entity that claims no key, and asks nothing', async () => {
    const getSpend = jest.fn();
    renderWithApis(<SpendContent />, {
      api: { getSpend },
      entity: plainEntity,
    });

    expect(
      screen.getByText(/names no Keeptrusts gateway key/),
    ).toBeInTheDocument();
    expect(getSpend).not.toHaveBeenCalled();
  });

  it.each([
    [new NotPermittedError('no'), 'Not permitted'],
    [
      new UnreachableError('no answer', { part: 'service' }),
      'The governance service cannot be reached',
    ],
  ])('shows why the numbers cannot be had: %s', async (error, title) => {
    const getSpend = jest.fn().mockRejectedValue(error);
    renderWithApis(<SpendContent />, { api: { getSpend } });

    expect(await screen.findByRole('alert')).toHaveTextContent(title);
  });
});
