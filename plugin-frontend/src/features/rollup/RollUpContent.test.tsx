import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { RollUp, UnreachableError } from '../../api';
import { groupEntity } from '../../fixtures/entities';
import {
  allWithheld,
  large,
  partlyRead,
  partlyWithheld,
  team,
} from './fixtures';
import { RollUpContent } from './RollUpContent';

const rendered = (value: RollUp, address = '/') => {
  const getRollUp = jest.fn().mockResolvedValue({ value });
  return {
    ...renderWithApis(<RollUpContent />, {
      api: { getRollUp },
      entity: groupEntity,
      address,
    }),
    getRollUp,
  };
};

const gridOf = (name: string) => screen.findByRole('grid', { name });

const rowsOf = async (name: string) =>
  within(await gridOf(name))
    .getAllByRole('row')
    .slice(1)
    .map(row => row.textContent);

describe('RollUpContent', () => {
  it('asks for the period of the address, in one request', async () => {
    const { getRollUp } = rendered(team, '/?days=7');

    await gridOf('By member');
    expect(getRollUp.mock.calls).toEqual([
      [
        'group:default/support-team',
        7,
        expect.objectContaining({ refresh: false }),
      ],
    ]);
  });

  it('sums up the period, the budgets, and what no member claims', async () => {
    rendered(team);

    expect(await screen.findByText('$3,052.00')).toBeInTheDocument();
    expect(
      screen.getByText('100% more than in the 7 days before ($1,526.00)'),
    ).toBeInTheDocument();
    expect(screen.getByText('Declared by 3 members')).toBeInTheDocument();
    expect(screen.getByText('Not claimed by a member')).toBeInTheDocument();
  });

  it('has a row a member, the dearest first, and no zero for what stands elsewhere or has no key', async () => {
    rendered(team);

    const rows = await rowsOf('By member');
    expect(rows[0]).toBe(
      'customer-support-botcomponentIn order$1,400.00$700.0045%customer-support-bot-gw-keyNamed by another member too',
    );
    expect(rows[7]).toBe(
      'night-shift-botcomponentIn order–––customer-support-bot-gw-keyStands with another member that names the same key',
    );
    expect(rows[8]).toBe(
      'billing-servicecomponentNot set upThe entity names no Keeptrusts gateway key.–––',
    );
  });

  it('sorts the members by the worst state on request', async () => {
    rendered(team);
    const grid = await gridOf('By member');

    await userEvent.click(
      within(grid).getByRole('columnheader', { name: 'State' }),
    );

    expect((await rowsOf('By member'))[0]).toMatch(/^spam-filter/);
  });

  it('has the days by member as a table too, with the largest five and the others', async () => {
    rendered(team, '/?view=table');

    const grid = await gridOf('By day');
    expect(
      within(grid)
        .getAllByRole('columnheader')
        .map(it => it.textContent),
    ).toEqual([
      'Day',
      'All',
      'customer-support-bot',
      'ticket-summarizer',
      'reply-writer',
      'faq-search',
      'call-notes',
      '2 others',
      'Remarks',
    ]);
    expect((await rowsOf('By day'))[0]).toBe(
      'Tuesday, March 10, 2026$763.00$350.00$175.00$105.00$70.00$35.00$28.00Today so far',
    );
  });

  it('names the keys that several members claim', async () => {
    rendered(team);

    expect(await rowsOf('Keys that several members name')).toEqual([
      'customer-support-bot-gw-keysupport-teamcustomer-support-botcomponentnight-shift-botcomponent',
    ]);
  });

  it('shows each wallet once', async () => {
    rendered(team);

    expect(await rowsOf('Wallets')).toEqual(['support-team$3,876.54Healthy']);
  });

  it('shows twenty members a page', async () => {
    rendered(large);

    expect(await rowsOf('By member')).toHaveLength(20);
    await userEvent.click(screen.getByRole('button', { name: /next/i }));
    expect(screen.getByText('21 – 40 of 49')).toBeInTheDocument();
  });

  it('says that sums are lower bounds where amounts are withheld, and of whom', async () => {
    rendered(partlyWithheld);

    expect(await screen.findByText('at least $2,352.00')).toBeInTheDocument();
    expect(
      screen.getByText('The amounts of 2 members are not for you.'),
    ).toBeInTheDocument();
    expect(
      (await rowsOf('By member')).filter(it => it?.includes('Not for you')),
    ).toHaveLength(2);
  });

  it('shows members and states without any amount to those for whom none is', async () => {
    const { container } = rendered(allWithheld);

    expect(await screen.findByText('No amounts to show')).toBeInTheDocument();
    expect(await rowsOf('By member')).toHaveLength(9);
    expect(container).not.toHaveTextContent('$');
    expect(screen.queryByRole('button', { name: 'Download' })).toBeNull();
  });

  it('marks what has not been read whole', async () => {
    rendered(partlyRead);

    expect(await screen.findByText('at least $3,052.00')).toBeInTheDocument();
    expect((await rowsOf('By member'))[0]).toContain('at least $1,400.00');
  });

  it('shows why there is nothing', async () => {
    renderWithApis(<RollUpContent />, {
      api: {
        getRollUp: async () => {
          throw new UnreachableError('no answer', { part: 'service' });
        },
      },
      entity: groupEntity,
    });

    expect(await screen.findByRole('alert')).toHaveTextContent(
      'The governance service cannot be reached',
    );
  });
});
