import { identityApiRef } from '@backstage/core-plugin-api';
import {
  catalogApiRef,
  EntityProvider,
  entityRouteRef,
} from '@backstage/plugin-catalog-react';
import {
  mockApis,
  renderInTestApp,
  TestApiProvider,
} from '@backstage/test-utils';
import { screen } from '@testing-library/react';
import { Route, Routes } from 'react-router-dom';
import { keeptrustsApiRef } from '../api';
import { working } from '../features/platform/fixtures';
import { team } from '../features/rollup/fixtures';
import { week } from '../features/spend/fixtures';
import {
  claimingEntity,
  gatewayEntity,
  groupEntity,
} from '../fixtures/entities';
import { inOrder, overBudget } from '../fixtures/statuses';
import {
  AiGovernancePage,
  EntityAiSpendContent,
  EntityGatewayCard,
  EntityGovernanceStatusCard,
  EntityRollUpCard,
  EntityRollUpContent,
  HomePageAiGovernanceCard,
  keeptrustsPlugin,
} from './plugin';

describe('the plugin of the old frontend system', () => {
  it('brings the client with it', () => {
    expect(
      [...keeptrustsPlugin.getApis()].map(factory => factory.api.id),
    ).toEqual([keeptrustsApiRef.id]);
  });

  it('shows the status of an entity', async () => {
    await renderInTestApp(
      <TestApiProvider
        apis={[
          [keeptrustsApiRef, { getStatus: async () => ({ value: inOrder }) }],
        ]}
      >
        <EntityProvider entity={claimingEntity}>
          <EntityGovernanceStatusCard />
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('In order')).toBeInTheDocument();
  });

  it('shows the gateway', async () => {
    await renderInTestApp(
      <TestApiProvider
        apis={[
          [keeptrustsApiRef, { getPlatform: async () => ({ value: working }) }],
        ]}
      >
        <EntityProvider entity={gatewayEntity}>
          <EntityGatewayCard />
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('Working')).toBeInTheDocument();
  });

  it('shows what an entity has spent', async () => {
    await renderInTestApp(
      <TestApiProvider
        apis={[[keeptrustsApiRef, { getSpend: async () => ({ value: week }) }]]}
      >
        <EntityProvider entity={claimingEntity}>
          <EntityAiSpendContent />
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('Spent in 7 days')).toBeInTheDocument();
  });

  it.each([
    ['card', EntityRollUpCard, 'AI Governance summary'],
    ['tab', EntityRollUpContent, 'AI spend of the members'],
  ])('shows the members of a group in a %s', async (_, Extension, name) => {
    await renderInTestApp(
      <TestApiProvider
        apis={[
          [keeptrustsApiRef, { getRollUp: async () => ({ value: team }) }],
        ]}
      >
        <EntityProvider entity={groupEntity}>
          <Extension />
        </EntityProvider>
      </TestApiProvider>,
      { mountedRoutes: { '/catalog/:namespace/:kind/:name': entityRouteRef } },
    );

    expect(
      await screen.findByRole('list', { name: 'Members by state' }),
    ).toBeInTheDocument();
    expect(screen.getByRole('region', { name })).toBeInTheDocument();
  });

  const overviewApis = [
    [
      keeptrustsApiRef,
      {
        getStatuses: async ([entityRef]: string[]) => ({
          value: [{ entityRef, status: overBudget }],
        }),
        getWorst: async ([entityRef]: string[]) => ({
          value: {
            items: [{ entityRef, status: overBudget }],
            states: { error: 1 },
          },
        }),
      },
    ],
    [catalogApiRef, { getEntities: async () => ({ items: [claimingEntity] }) }],
    [identityApiRef, mockApis.identity()],
  ] as const;

  it('shows the page of all entities, with a header of its own', async () => {
    await renderInTestApp(
      <TestApiProvider apis={overviewApis}>
        <Routes>
          <Route path="/ai-governance" element={<AiGovernancePage />} />
        </Routes>
      </TestApiProvider>,
      {
        routeEntries: ['/ai-governance'],
        mountedRoutes: { '/catalog/:namespace/:kind/:name': entityRouteRef },
      },
    );

    expect(
      await screen.findByRole('heading', { name: 'AI Governance' }),
    ).toBeInTheDocument();
    expect(
      await screen.findByRole('link', { name: 'customer-support-bot' }),
    ).toHaveAttribute(
      'href',
      '/catalog/default/component/customer-support-bot',
    );
  });

  it('shows on the home page what needs attention, in an app without the page too', async () => {
    await renderInTestApp(
      <TestApiProvider apis={overviewApis}>
        <HomePageAiGovernanceCard />
      </TestApiProvider>,
      { mountedRoutes: { '/catalog/:namespace/:kind/:name': entityRouteRef } },
    );

    expect(await screen.findByText('Action required')).toBeInTheDocument();
    expect(
      screen.queryByRole('link', { name: 'Open AI Governance' }),
    ).not.toBeInTheDocument();
  });
});
