import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { englishWords } from '../../__testUtils__/translate';
import {
  GovernanceStatus,
  NotPermittedError,
  UnknownInstanceError,
  UnreachableError,
} from '../../api';
import { claimingEntity, plainEntity } from '../../fixtures/entities';
import * as statuses from '../../fixtures/statuses';
import { SPREAD_MS } from '../../ui/useResource';
import { GovernanceStatusCard } from './GovernanceStatusCard';

const { inOrder, NOW } = statuses;
const words = englishWords();
const usd = (amount: string) => words.money({ amount, currency: 'USD' });

const ofInstance = (instance: string) => ({
  ...claimingEntity,
  metadata: {
    ...claimingEntity.metadata,
    annotations: {
      ...claimingEntity.metadata.annotations,
      'keeptrusts.dev/instance': instance,
    },
  },
});

async function rendered(value: GovernanceStatus) {
  const observedAt = value.freshness.observedAt ? NOW - 12_000 : undefined;
  const getStatus = jest.fn().mockResolvedValue({ value, observedAt });
  renderWithApis(<GovernanceStatusCard />, { api: { getStatus } });
  await screen.findByText(/Read from Keeptrusts|Nothing is known/);
  return {
    getStatus,
    card: screen.getByRole('region', { name: 'AI Governance' }),
  };
}

describe('GovernanceStatusCard', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('asks once, for the entity of the page', async () => {
    const { getStatus } = await rendered(inOrder);

    expect(getStatus.mock.calls).toEqual([
      [
        'component:default/customer-support-bot',
        expect.objectContaining({ refresh: false }),
      ],
    ]);
  });

  it.each([
    ['the entity', { state: 'paused' }, 'paused'],
    [
      'the key',
      { gatewayKey: { ...inOrder.gatewayKey, state: 'suspended' } },
      'suspended',
    ],
    [
      'the wallet',
      { wallet: { ...inOrder.wallet, state: 'frozen' } },
      'frozen',
    ],
    [
      'the wallet’s owner',
      { wallet: { ...inOrder.wallet, scope: 'project' } },
      'Wallet',
    ],
  ])(
    'shows all the rest when a newer service has a new word for %s',
    async (_, changes, word) => {
      const { card } = await rendered({
        ...inOrder,
        ...changes,
      } as GovernanceStatus);

      expect(within(card).getByText(word)).toBeInTheDocument();
      expect(
        within(card).getByRole('region', { name: 'Spent today' }),
      ).toBeInTheDocument();
    },
  );

  it('loads as a skeleton', () => {
    renderWithApis(<GovernanceStatusCard />, {
      api: { getStatus: () => new Promise(() => {}) },
    });

    expect(screen.getByRole('status', { name: 'Loading' })).toBeInTheDocument();
  });

  it('says that all is in order', async () => {
    const { card } = await rendered(inOrder);

    expect(within(card).getByText('In order')).toBeInTheDocument();
    expect(
      within(card).queryByRole('group', { name: 'Findings' }),
    ).not.toBeInTheDocument();
  });

  it('holds today’s money against the budget', async () => {
    await rendered(inOrder);

    const budget = screen.getByRole('region', { name: 'Spent today' });
    expect(budget).toHaveTextContent(`${usd('123.45')} of ${usd('500')}`);
    expect(budget).toHaveTextContent('24% used, 50% of the day gone');
    expect(budget).toHaveTextContent('Lasts until the reset at this pace');
    expect(budget).toHaveTextContent(
      `Resets ${words.moment(inOrder.budget!.resetsAt, NOW)} (in 12 h)`,
    );
    expect(
      within(budget).getByRole('meter', { name: 'Daily budget' }),
    ).toHaveAttribute(
      'aria-valuetext',
      `${usd('123.45')} of ${usd('500')}, 24% used, 50% of the day gone`,
    );
  });

  it('names the team, the key and the tier', async () => {
    await rendered(inOrder);

    const identity = screen.getByRole('region', { name: 'Team, key and tier' });
    expect(
      within(identity).getByRole('link', { name: /^support-team/ }),
    ).toHaveAttribute('href', inOrder.links.console);
    expect(identity).toHaveTextContent(
      'Gateway keyActivesupport-team-gw-keykt_gk_ab12…',
    );
    expect(identity).toHaveTextContent('used 1 min ago');
    expect(identity).toHaveTextContent(
      'Policy tierEnforcedtier-3-customer-facing',
    );
  });

  it('shows the wallet, and which limit binds', async () => {
    await rendered({ ...inOrder, tightestLimit: 'wallet' });

    const wallet = screen.getByRole('region', { name: 'Team wallet' });
    expect(wallet).toHaveTextContent('HealthyBinds first');
    expect(wallet).toHaveTextContent(`${usd('3876.54')} available`);
    expect(wallet).toHaveTextContent(`${usd('0.42')} reserved`);
    expect(screen.getAllByText('Binds first')).toHaveLength(1);
  });

  it('counts what the policy did', async () => {
    await rendered(inOrder);

    const activity = screen.getByRole('region', { name: 'Requests today' });
    expect(
      within(activity)
        .getAllByRole('definition')
        .map(it => it.textContent),
    ).toEqual(['1,204', '12', '3', '0']);
    expect(activity).toHaveTextContent('Last request 1 min ago');
    expect(
      within(activity).getByRole('link', { name: /^Open the console/ }),
    ).toBeInTheDocument();
  });

  it('says when the budget runs out', async () => {
    const { card } = await rendered(statuses.runsOut);

    const time = words.moment(statuses.runsOut.budget!.exhaustsAt!, NOW);
    expect(card).toHaveTextContent(`Runs out at ${time} at this pace`);
    expect(within(card).getByText('Needs attention')).toBeInTheDocument();
  });

  it('shows more than the whole budget as it is', async () => {
    const { card } = await rendered(statuses.overBudget);

    expect(card).toHaveTextContent(`${usd('612.5')} of ${usd('500')}`);
    expect(card).toHaveTextContent('122% used');
    expect(within(card).getByText('Action required')).toBeInTheDocument();
    expect(within(card).getByText('Expires soon')).toBeInTheDocument();
  });

  it('shows an amount below a cent', async () => {
    const { card } = await rendered(statuses.subCent);

    expect(card).toHaveTextContent(`${usd('0.0042')} of ${usd('500')}`);
    expect(card).toHaveTextContent('<1% used');
  });

  it('shows a malformed annotation with the form that is expected, and the spend without a budget', async () => {
    const { card } = await rendered(statuses.malformed);

    expect(card).toHaveTextContent("keeptrusts.dev/daily-budget is '5,00'");
    expect(card).toHaveTextContent('such as "5.00"');
    expect(card).toHaveTextContent('No daily budget to hold it against');
    expect(screen.queryByRole('meter')).not.toBeInTheDocument();
  });

  it('says that a key is not known, and which numbers are missing for it', async () => {
    const { card } = await rendered(statuses.keyUnknown);

    expect(card).toHaveTextContent('Gateway keyNot found');
    expect(card).toHaveTextContent('Not known: Spent today, Requests today.');
    expect(card).not.toHaveTextContent('never used');
  });

  it('withholds the numbers of another team’s key, and says why', async () => {
    const { card } = await rendered(statuses.ownerMismatch);

    expect(card).toHaveTextContent('belongs to another team');
    expect(card).toHaveTextContent(
      'Withheld, since the key is not the owner’s: Spent today, Wallet, Requests today.',
    );
    expect(screen.queryByRole('meter')).not.toBeInTheDocument();
  });

  it('shows which tier is enforced instead of the declared one', async () => {
    const { card } = await rendered(statuses.tierDrift);

    expect(card).toHaveTextContent(
      'Differstier-3-customer-facingEnforced: tier-1-exploration',
    );
  });

  it.each<[string, GovernanceStatus['policyTier'], string]>([
    [
      'not declared',
      { declared: null, enforced: 'tier-2-internal' },
      'Policy tierNot declaredtier-2-internal',
    ],
    [
      'absent altogether',
      { declared: null, enforced: null },
      'Policy tierNot declaredNone',
    ],
    [
      'declared, with nothing known of what is enforced',
      { declared: 'tier-2-internal', enforced: null },
      'Policy tierNot knowntier-2-internal',
    ],
  ])('tells a tier that is %s', async (_, policyTier, text) => {
    const { card } = await rendered({ ...inOrder, policyTier });

    expect(card).toHaveTextContent(text);
  });

  it('says that no tier is enforced when that is found', async () => {
    const { card } = await rendered(statuses.tierUnenforced);

    expect(card).toHaveTextContent(
      'Policy tierNot enforcedtier-3-customer-facing',
    );
  });

  it('does not call a wallet unknown that does not exist', async () => {
    const { card } = await rendered(statuses.walletMissing);

    expect(card).not.toHaveTextContent('Not known');
  });

  it('marks facts that are out of date', async () => {
    const { card } = await rendered(statuses.stale);

    expect(within(card).getByText('Out of date')).toBeInTheDocument();
  });

  it('calls what is incomplete a bound, and what is missing missing', async () => {
    const { card } = await rendered(statuses.partial);

    expect(card).toHaveTextContent(
      `about ${usd('123.45')} of ${usd('500')}about 24% used`,
    );
    expect(card).toHaveTextContent('may be too high');
    expect(screen.getAllByText('Incomplete')).toHaveLength(2);
    expect(card).toHaveTextContent('Not known: Wallet.');
  });

  it('says so when nothing is known', async () => {
    const { card } = await rendered(statuses.unknown);

    expect(card).toHaveTextContent('Keeptrusts refuses the service’s token.');
    expect(card).toHaveTextContent('Nothing is known from Keeptrusts yet');
    expect(card).toHaveTextContent(
      'Not known: Spent today, Wallet, Requests today.',
    );
  });

  it('bans spending with a budget of 0', async () => {
    const nothing = { amount: '0', currency: 'USD' };
    const { card } = await rendered({
      ...inOrder,
      budget: { ...inOrder.budget!, daily: nothing, usedRatio: null },
    });

    expect(card).toHaveTextContent('A budget of 0 allows no spending');
    expect(screen.getByRole('meter')).toHaveAttribute('aria-valuenow', '100');
  });

  it('asks past every cache when refreshed, and keeps the card on screen', async () => {
    const { getStatus, card } = await rendered(inOrder);
    getStatus.mockReturnValue(new Promise(() => {}));

    await userEvent.click(screen.getByRole('button', { name: 'Refresh' }));

    expect(getStatus).toHaveBeenLastCalledWith(
      'component:default/customer-support-bot',
      expect.objectContaining({ refresh: true }),
    );
    expect(within(card).getByText('In order')).toBeInTheDocument();
  });

  it('tells an entity that claims nothing how to, without asking anybody', () => {
    const getStatus = jest.fn();
    renderWithApis(<GovernanceStatusCard />, {
      api: { getStatus },
      entity: plainEntity,
    });

    expect(screen.getByText('Not set up')).toBeInTheDocument();
    expect(
      screen.getByRole('region', { name: 'Annotations to add' }),
    ).toHaveTextContent('keeptrusts.dev/gateway-key-name: finance-team-gw-key');
    expect(getStatus).not.toHaveBeenCalled();
  });

  it('tells the same where only the service sees no annotation', async () => {
    await rendered(statuses.unconfigured);

    expect(screen.getByRole('button', { name: 'Copy' })).toBeInTheDocument();
  });

  it('asks the Keeptrusts of the entity', async () => {
    const getStatus = jest.fn().mockResolvedValue({ value: inOrder });
    renderWithApis(<GovernanceStatusCard />, {
      api: { getStatus },
      entity: ofInstance('staging'),
    });
    await screen.findByText('In order');

    expect(getStatus).toHaveBeenCalledWith(
      'component:default/customer-support-bot',
      expect.objectContaining({ instance: 'staging' }),
    );
  });

  it('says that the entity is of another Keeptrusts, and shows no YAML to paste', async () => {
    const [missing] = statuses.unconfigured.findings;
    const value = {
      ...statuses.unconfigured,
      findings: [{ ...missing, params: { instance: 'staging' } }],
    };
    renderWithApis(<GovernanceStatusCard />, {
      api: { getStatus: jest.fn().mockResolvedValue({ value }) },
      entity: ofInstance('staging'),
    });

    expect(
      await screen.findByText(/is of the Keeptrusts instance “staging”/),
    ).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Copy' })).toBeNull();
  });

  it.each([
    [
      'looks at an entity of a Keeptrusts that Backstage does not know',
      new UnknownInstanceError(''),
      'Backstage does not know this Keeptrusts instance',
    ],
    ['may not see it', new NotPermittedError(''), 'Not permitted'],
    [
      'cannot reach the service',
      new UnreachableError('', { part: 'service' }),
      'The governance service cannot be reached',
    ],
  ])('tells a viewer who %s', async (_, error, text) => {
    renderWithApis(<GovernanceStatusCard />, {
      api: { getStatus: jest.fn().mockRejectedValue(error) },
      entity: claimingEntity,
    });

    expect(await screen.findByRole('alert')).toHaveTextContent(text);
    expect(
      screen.getByRole('button', { name: 'Try again' }),
    ).toBeInTheDocument();
  });

  it('says of whom numbers are for, where they are withheld from the viewer alone', async () => {
    const { card } = await rendered({
      ...inOrder,
      findings: [
        {
          code: 'numbers-withheld',
          severity: 'info',
          message: 'The sentence of the service.',
          params: { owner: 'group:default/support-team' },
        },
      ],
      budget: null,
      wallet: null,
      activity: null,
    });

    expect(card).toHaveTextContent(
      'Amounts are for members of group:default/support-team and of the platform groups. Not shown here: Spent today, Wallet, Requests today.',
    );
    expect(card).toHaveTextContent('In order');
    expect(within(card).queryByRole('group', { name: 'Findings' })).toBeNull();
  });

  it('counts to the reset by the service’s clock where the browser’s is wrong', async () => {
    const getStatus = jest.fn().mockResolvedValue({
      value: inOrder,
      observedAt: NOW - 12_000,
      clockAheadMs: -3_600_000,
    });
    renderWithApis(<GovernanceStatusCard />, { api: { getStatus } });

    expect(
      await screen.findByRole('region', { name: 'Spent today' }),
    ).toHaveTextContent('(in 11 h)');
  });

  it('shows the next day soon after the budget resets, on a page that stays open over midnight', async () => {
    jest.restoreAllMocks();
    const resetsAt = Date.parse(inOrder.budget!.resetsAt);
    jest.useFakeTimers({ now: resetsAt - 60_000 });
    const onDay = (spent: string, days: number): GovernanceStatus => ({
      ...inOrder,
      budget: {
        ...inOrder.budget!,
        spent: { amount: spent, currency: 'USD' },
        resetsAt: new Date(resetsAt + days * 86_400_000).toISOString(),
      },
    });
    const getStatus = jest
      .fn()
      .mockResolvedValueOnce({ value: onDay('123.45', 0) })
      .mockResolvedValue({ value: onDay('0.25', 1) });
    renderWithApis(<GovernanceStatusCard />, { api: { getStatus } });
    const budget = await screen.findByRole('region', { name: 'Spent today' });
    expect(budget).toHaveTextContent(usd('123.45'));

    await act(() => jest.advanceTimersByTimeAsync(60_000 + SPREAD_MS));

    expect(budget).toHaveTextContent(usd('0.25'));
    expect(budget).not.toHaveTextContent('a day that has ended');
  });

  it('shows in its compact form what is wrong, the money and the key', async () => {
    const getStatus = jest
      .fn()
      .mockResolvedValue({ value: statuses.overBudget, observedAt: NOW });
    renderWithApis(<GovernanceStatusCard compact />, { api: { getStatus } });
    const card = await screen.findByRole('region', { name: 'AI Governance' });

    expect(await within(card).findByText('2 more findings')).toBeVisible();
    expect(
      within(card).getByRole('region', { name: 'Spent today' }),
    ).toBeInTheDocument();
    expect(within(card).queryByText('Team wallet')).not.toBeInTheDocument();
    expect(card).not.toHaveTextContent('Not known');
  });

  it('shows the sections that the app has chosen', async () => {
    const getStatus = jest
      .fn()
      .mockResolvedValue({ value: inOrder, observedAt: NOW });
    renderWithApis(<GovernanceStatusCard sections={['wallet']} />, {
      api: { getStatus },
    });

    expect(
      await screen.findByRole('region', { name: 'Team wallet' }),
    ).toBeInTheDocument();
    expect(
      screen.queryByRole('region', { name: 'Spent today' }),
    ).not.toBeInTheDocument();
  });

  it('says how many keys of the name there are', async () => {
    const { card } = await rendered({
      ...inOrder,
      gatewayKey: { ...inOrder.gatewayKey!, count: 2 },
    });

    expect(card).toHaveTextContent('2 keys of this name');
  });

  const previousUsed = (lastUsedAt: string | null, prefix?: string | null) => ({
    ...statuses.rotated,
    gatewayKey: {
      ...statuses.rotated.gatewayKey!,
      previous: { id: 'tok_1', prefix, lastUsedAt },
    },
  });

  it.each([
    [
      'is in use',
      statuses.rotated,
      'Previous key kt_gk_ab12… still works last used 3 h ago',
    ],
    [
      'has not been used since there is a new one',
      previousUsed('2026-03-09T08:00:00Z', 'kt_gk_ab12'),
      `Previous key kt_gk_ab12… still works not used since ${words.moment(
        '2026-03-09T08:00:00Z',
        NOW,
      )}`,
    ],
    [
      'was never used and has no known beginning',
      previousUsed(null),
      'Previous key tok_1 still works never used',
    ],
  ])('shows a previous key that %s', async (_, value, text) => {
    const { card } = await rendered(value);

    expect(card).toHaveTextContent(text);
    expect(card).toHaveTextContent('kt_gk_cd34…');
  });

  const previousEnds = (revokesAt: string | null) => ({
    ...statuses.rotated,
    gatewayKey: {
      ...statuses.rotated.gatewayKey!,
      previous: { ...statuses.rotated.gatewayKey!.previous!, revokesAt },
    },
  });

  it('says when a previous key is to be revoked', async () => {
    const iso = '2026-03-10T21:00:00Z';
    const { card } = await rendered(previousEnds(iso));

    expect(card).toHaveTextContent(
      `to be revoked, at the earliest ${words.moment(iso, NOW)}`,
    );
  });

  it.each([
    ['late', '2026-03-10T11:00:00Z'],
    ['not known', null],
  ])('says nothing of the end of a previous key that is %s', async (_, iso) => {
    const { card } = await rendered(previousEnds(iso));

    expect(card).toHaveTextContent('still works');
    expect(card).not.toHaveTextContent('to be revoked');
  });

  it('shows a previous key in the compact form too', async () => {
    const getStatus = jest
      .fn()
      .mockResolvedValue({ value: statuses.rotated, observedAt: NOW });
    renderWithApis(<GovernanceStatusCard compact />, { api: { getStatus } });

    expect(await screen.findByText(/^Previous key/)).toHaveTextContent(
      'Previous key kt_gk_ab12… still works',
    );
  });

  it.each([
    ['none', inOrder],
    [
      'null',
      {
        ...inOrder,
        gatewayKey: { ...inOrder.gatewayKey!, previous: null },
      },
    ],
  ])('says nothing of a previous key where it is %s', async (_, value) => {
    const { card } = await rendered(value);

    expect(card).not.toHaveTextContent('Previous key');
  });
});
