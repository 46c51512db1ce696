import { Entity } from '@backstage/catalog-model';
import {
  createExtensionTester,
  TestApiProvider,
  renderInTestApp,
} from '@backstage/frontend-test-utils';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { EntityCardBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { screen } from '@testing-library/react';
import { keeptrustsApiRef } from '../api';
import {
  claimingEntity,
  gatewayEntity,
  plainEntity,
} from '../fixtures/entities';
import { working } from '../fixtures/platforms';
import { inOrder } from '../fixtures/statuses';
import { gatewayCard } from './gatewayCard';
import { governanceStatusCard } from './governanceStatusCard';
import { keeptrustsPlugin } from './plugin';

const group = { ...plainEntity, kind: 'Group' };

const { filterFunction } = EntityCardBlueprint.dataRefs;

function shownBy(filter?: (entity: Entity) => boolean) {
  return [claimingEntity, plainEntity, gatewayEntity, group].filter(filter!);
}

describe('the plugin of the new frontend system', () => {
  it('is known by its id', () => {
    expect(keeptrustsPlugin.id).toBe('keeptrusts');
  });

  it('shows the status on what claims a key and on components that could', () => {
    expect(
      shownBy(createExtensionTester(governanceStatusCard).get(filterFunction)),
    ).toEqual([claimingEntity, plainEntity]);
  });

  it('shows the gateway’s health on the gateway alone', () => {
    expect(
      shownBy(createExtensionTester(gatewayCard).get(filterFunction)),
    ).toEqual([gatewayEntity]);
  });

  it('renders the status card', async () => {
    renderInTestApp(
      <TestApiProvider
        apis={
          [
            [keeptrustsApiRef, { getStatus: async () => ({ value: inOrder }) }],
          ] as never
        }
      >
        <EntityProvider entity={claimingEntity}>
          {createExtensionTester(governanceStatusCard).reactElement()}
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('In order')).toBeInTheDocument();
  });

  it('renders the gateway card', async () => {
    renderInTestApp(
      <TestApiProvider
        apis={
          [
            [
              keeptrustsApiRef,
              { getPlatform: async () => ({ value: working }) },
            ],
          ] as never
        }
      >
        <EntityProvider entity={gatewayEntity}>
          {createExtensionTester(gatewayCard).reactElement()}
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('Working')).toBeInTheDocument();
  });
});
