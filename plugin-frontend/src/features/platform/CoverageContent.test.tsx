import { RouteFunc } from '@backstage/core-plugin-api';
import { routeResolutionApiRef } from '@backstage/frontend-plugin-api';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { Coverage, NotPermittedError, UnreachableError } from '../../api';
import { NOW } from '../../fixtures/statuses';
import { CoverageContent } from './CoverageContent';
import {
  halfRead,
  long,
  patchy,
  whole,
  withoutSpend,
} from './coverageFixtures';
import { COVERAGE_DAYS } from './useCoverage';

const routeTo: RouteFunc<Record<string, string>> = params =>
  `/catalog/${params?.namespace}/${params?.kind}/${params?.name}`;

const asking = (getCoverage: jest.Mock) => {
  renderWithApis(<CoverageContent />, {
    api: { getCoverage },
    apis: [[routeResolutionApiRef, { resolve: () => routeTo }]],
  });
  return getCoverage;
};

const rendered = (value: Coverage) =>
  asking(jest.fn(async () => ({ value, observedAt: NOW })));

const table = (name: string) => screen.findByRole('grid', { name });

const rowsOf = async (name: string) =>
  within(await table(name))
    .getAllByRole('row')
    .slice(1);

describe('CoverageContent', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => jest.restoreAllMocks());

  it('shows the share that is claimed, and the two sides of the total', async () => {
    const getCoverage = rendered(patchy);

    const section = await screen.findByRole('region', { name: 'Coverage' });
    await table('Keys that no entity claims');
    expect(section).toHaveTextContent(
      'Claimed by entities95%Last 30 daysClaimed$949.99In no entity$50.01Total$1,000.00',
    );
    expect(getCoverage).toHaveBeenCalledTimes(1);
    expect(getCoverage.mock.calls[0][0]).toBe(COVERAGE_DAYS);
  });

  it('never rounds a share up to all of it', async () => {
    rendered({ ...patchy, ratio: 1 });

    expect(await screen.findByText('99%')).toBeInTheDocument();
  });

  it('shows of an unclaimed key what it spent, who may own it, and the line to paste', async () => {
    rendered(patchy);

    const [first] = await rowsOf('Keys that no entity claims');
    expect(first).toHaveTextContent(
      'search-team-indexer-keysearch-team$40.501,203group:default/search-team',
    );
    expect(
      within(first).getByRole('link', { name: 'group:default/search-team' }),
    ).toHaveAttribute('href', '/catalog/default/group/search-team');
    expect(
      within(first).getByRole('region', {
        name: 'Annotation that claims search-team-indexer-key',
      }),
    ).toHaveTextContent(
      'keeptrusts.dev/gateway-key-name: search-team-indexer-key',
    );
    expect(
      within(first).getByRole('button', { name: 'Copy' }),
    ).toBeInTheDocument();
  });

  it('says why other unclaimed spend has no name and no line', async () => {
    rendered(patchy);

    const [, deleted, nameless] = await rowsOf('Keys that no entity claims');
    expect(deleted).toHaveTextContent('tok_93, not listed any more');
    expect(nameless).toHaveTextContent('Requests without a key–$0.51');
    expect(nameless).toHaveTextContent('No entity can claim it');
  });

  it('shows claims that mean no key, and why', async () => {
    rendered(patchy);

    const [missing, strange] = await rowsOf('Claims that mean no key');
    expect(missing).toHaveTextContent('There is no such key');
    expect(strange).toHaveTextContent(
      'component:default/lead-scorersupport-team-gw-key–The key is not the owner’s',
    );
  });

  it('shows shared keys with their entities, and how many more there are', async () => {
    rendered(patchy);

    const [row] = await rowsOf('Keys that several entities claim');
    expect(within(row).getAllByRole('link')).toHaveLength(2);
    expect(row).toHaveTextContent('and 23 more');
  });

  it('shows consumers without a key, wallets without a service, and what the lists lack', async () => {
    rendered(patchy);

    expect(await rowsOf('Consumers of the gateway without a key')).toHaveLength(
      1,
    );
    expect(screen.getByText('and 3 more')).toBeInTheDocument();
    const [wallet] = await rowsOf('Wallets of teams without a service');
    expect(wallet).toHaveTextContent('research-team$2,500.00');
  });

  it('shows the first rows of a long list, and the rest on request', async () => {
    rendered(long);

    expect(await rowsOf('Keys that no entity claims')).toHaveLength(10);
    expect(screen.getByText('and 1,234 more')).toBeInTheDocument();
    const button = screen.getByRole('button', { name: 'Show all 24' });
    await userEvent.click(button);

    expect(await rowsOf('Keys that no entity claims')).toHaveLength(24);
    expect(screen.getByRole('button', { name: 'Show fewer' })).toHaveFocus();
  });

  it('says that all is claimed, and shows no empty list', async () => {
    rendered(whole);

    expect(
      await screen.findByText(
        'Every key that was used is claimed by an entity.',
      ),
    ).toBeInTheDocument();
    expect(screen.queryByRole('grid')).not.toBeInTheDocument();
  });

  it('shows lower bounds as such, and why', async () => {
    rendered(halfRead);

    expect(await screen.findByText('at least $949.99')).toBeInTheDocument();
    expect(
      screen.getByText(/Not all entities of the catalog could be read/),
    ).toBeInTheDocument();
  });

  it('shows amounts that could not be had as such, and never as all claimed', async () => {
    rendered(withoutSpend);

    expect(await screen.findAllByText('Not known')).toHaveLength(4);
    expect(
      screen.queryByText('Every key that was used is claimed by an entity.'),
    ).not.toBeInTheDocument();
  });

  it('says that nothing was spent', async () => {
    const zero = { amount: '0', currency: 'USD' };
    rendered({ ...whole, claimed: zero, total: zero, ratio: null });

    expect(await screen.findByText('Nothing was spent')).toBeInTheDocument();
  });

  it('says for whom it is to a viewer of no platform group', async () => {
    asking(jest.fn().mockRejectedValue(new NotPermittedError('403')));

    expect(
      await screen.findByText('Coverage is for the platform groups'),
    ).toBeInTheDocument();
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });

  it('shows why it could not be had, with a way to ask again', async () => {
    asking(
      jest
        .fn()
        .mockRejectedValue(new UnreachableError('503', { part: 'catalog' })),
    );

    expect(await screen.findByRole('alert')).toHaveAttribute(
      'data-failure',
      'unreachable',
    );
    expect(
      screen.getByRole('button', { name: 'Try again' }),
    ).toBeInTheDocument();
  });

  it('has the shape of what comes while it is loading', () => {
    asking(jest.fn(() => new Promise(() => {})));

    expect(screen.getByRole('status')).toHaveAttribute('aria-busy', 'true');
  });
});
