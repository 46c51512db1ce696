import { Entity } from '@backstage/catalog-model';
import { EntityCardBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { isKeeptrustsAvailable, isKeeptrustsGateway } from '../annotations';

/**
 * On every entity that claims a gateway key, and on components that claim none, to tell how; an app that wants it only
 * on the former sets `filter` in its configuration.
 */
export const governanceStatusCard = EntityCardBlueprint.make({
  name: 'governance-status',
  params: {
    filter: (entity: Entity) =>
      isKeeptrustsAvailable(entity) ||
      (entity.kind === 'Component' && !isKeeptrustsGateway(entity)),
    loader: () =>
      import('../components/GovernanceStatusCard').then(m => (
        <m.GovernanceStatusCard />
      )),
  },
});
