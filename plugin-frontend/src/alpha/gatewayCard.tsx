import { EntityCardBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { isKeeptrustsGateway } from '../annotations';

/** On the entity that is the gateway. */
export const gatewayCard = EntityCardBlueprint.make({
  name: 'gateway',
  params: {
    filter: isKeeptrustsGateway,
    loader: () =>
      import('../features/platform/GatewayCard').then(m => <m.GatewayCard />),
  },
});
