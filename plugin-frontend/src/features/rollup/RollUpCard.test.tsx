import { screen, within } from '@testing-library/react';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { NotPermittedError, RollUp } from '../../api';
import { groupEntity } from '../../fixtures/entities';
import {
  allWithheld,
  outOfDate,
  partlyRead,
  partlyWithheld,
  team,
  withoutAi,
} from './fixtures';
import { RollUpCard } from './RollUpCard';

const rendered = (value: RollUp) => {
  const getRollUp = jest.fn().mockResolvedValue({ value });
  return {
    ...renderWithApis(<RollUpCard />, {
      api: { getRollUp },
      entity: groupEntity,
    }),
    getRollUp,
  };
};

const itemsOf = async (name: string) =>
  within(await screen.findByRole('list', { name }))
    .getAllByRole('listitem')
    .map(it => it.textContent);

describe('RollUpCard', () => {
  it('asks for 30 days of the group of the page, in one request', async () => {
    const { getRollUp } = rendered(team);

    await screen.findByText('Spent in March 2026');
    expect(getRollUp.mock.calls).toEqual([
      [
        'group:default/support-team',
        30,
        expect.objectContaining({ refresh: false }),
      ],
    ]);
  });

  it('counts the states, the worst first, without those that none is in', async () => {
    rendered(team);

    expect(await itemsOf('Members by state')).toEqual([
      'Action required: 1',
      'Needs attention: 1',
      'Not set up: 1',
      'In order: 6',
    ]);
  });

  it('names who needs attention, the worst first', async () => {
    rendered(team);

    expect(await itemsOf('Members that need attention')).toEqual([
      'spam-filtercomponentAction requiredThe gateway key is revoked.',
      'ticket-summarizercomponentNeeds attentionMost of the daily budget of ticket-summarizer is spent.',
    ]);
  });

  it('shows three that need attention, and how many more do', async () => {
    const broken = team.members
      .slice(0, 5)
      .map(it => ({ ...it, state: 'error' as const }));
    rendered({ ...team, members: broken });

    expect(await itemsOf('Members that need attention')).toHaveLength(3);
    expect(
      screen.getByText('2 more members need attention.'),
    ).toBeInTheDocument();
  });

  it('says that all is in order', async () => {
    rendered({ ...team, members: team.members.slice(0, 1) });

    expect(
      await screen.findByText('All members with a gateway key are in order.'),
    ).toBeInTheDocument();
  });

  it('says the month, how it compares, and where it is likely to end', async () => {
    rendered(team);

    expect(await screen.findByText('$3,210.50')).toBeInTheDocument();
    expect(
      screen.getByText(/^12% more than in as much of February/),
    ).toBeInTheDocument();
    expect(screen.getByText('$9,120.00 to $10,730.00')).toBeInTheDocument();
  });

  it('says whose amounts are missing, and that the month is at least what it shows', async () => {
    rendered(partlyWithheld);

    expect(await screen.findByText('at least $3,210.50')).toBeInTheDocument();
    expect(
      screen.getByText('at least $9,120.00 to $10,730.00'),
    ).toBeInTheDocument();
    expect(
      screen.getByText('The amounts of 2 members are not for you.'),
    ).toBeInTheDocument();
  });

  it('shows states and no amount to those for whom amounts are not', async () => {
    const { container } = rendered(allWithheld);

    expect(await itemsOf('Members by state')).toHaveLength(4);
    expect(container).not.toHaveTextContent('$');
    expect(
      screen.getByText('The amounts of 8 members are not for you.'),
    ).toBeInTheDocument();
  });

  it('says once that not all has been read, and makes no forecast of it', async () => {
    rendered(partlyRead);

    expect(await screen.findByText('at least $3,210.50')).toBeInTheDocument();
    expect(
      screen.getAllByText(/lower bound/).map(it => it.textContent),
    ).toEqual(['Sums of spend are lower bounds: a page could not be read.']);
    expect(
      screen.getByText('Not all of the spend has been read.'),
    ).toBeInTheDocument();
  });

  it('says that sums are lower bounds where no finding does', async () => {
    rendered({ ...partlyRead, findings: [] });

    expect(
      await screen.findByText('Not all is known, so the sum is a lower bound.'),
    ).toBeInTheDocument();
  });

  it('says that no member uses AI, without an empty month', async () => {
    rendered(withoutAi);

    expect(
      await screen.findByText('No member uses AI through the gateway'),
    ).toBeInTheDocument();
    expect(
      screen.getByText(
        '1 member uses the API of the gateway without a key of its own.',
      ),
    ).toBeInTheDocument();
    expect(screen.queryByText(/Spent in/)).toBeNull();
  });

  it('shows what a group’s teams spend though no member names a key', async () => {
    rendered({ ...withoutAi, unclaimed: team.unclaimed, month: team.month });

    expect(await screen.findByText('$3,210.50')).toBeInTheDocument();
  });

  it('marks what is out of date', async () => {
    rendered(outOfDate);

    expect(await screen.findByText('Out of date')).toBeInTheDocument();
  });

  it('shows why there is nothing', async () => {
    const getRollUp = jest.fn().mockRejectedValue(new NotPermittedError('no'));
    renderWithApis(<RollUpCard />, {
      api: { getRollUp },
      entity: groupEntity,
    });

    expect(await screen.findByRole('alert')).toHaveTextContent('Not permitted');
  });

  it('has a skeleton until the answer is there', () => {
    renderWithApis(<RollUpCard />, {
      api: { getRollUp: () => new Promise(() => {}) },
      entity: groupEntity,
    });

    expect(screen.getByRole('status', { name: 'Loading' })).toBeInTheDocument();
  });
});
