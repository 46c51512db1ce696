import { EntityProvider } from '@backstage/plugin-catalog-react';
import { renderInTestApp, TestApiProvider } from '@backstage/test-utils';
import { screen } from '@testing-library/react';
import { keeptrustsApiRef } from './api';
import { claimingEntity, gatewayEntity } from './fixtures/entities';
import { working } from './fixtures/platforms';
import { inOrder } from './fixtures/statuses';
import {
  EntityGatewayCard,
  EntityGovernanceStatusCard,
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
});
