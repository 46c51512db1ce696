import { EntityCardBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { isKeeptrustsRollUp } from '../annotations';

/** Beside the content of every group, system and domain, where an app does not say otherwise (`type`, `filter`). */
export const rollUpCard = EntityCardBlueprint.make({
  name: 'roll-up',
  params: {
    type: 'info',
    filter: isKeeptrustsRollUp,
    loader: () =>
      import('../features/rollup/RollUpCard').then(m => <m.RollUpCard />),
  },
});
