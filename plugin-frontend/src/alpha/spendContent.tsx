import { EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { isKeeptrustsAvailable } from '../annotations';

/** The tab of an entity that claims a gateway key. */
export const spendContent = EntityContentBlueprint.make({
  name: 'spend',
  params: {
    path: '/ai-spend',
    title: 'AI spend',
    filter: isKeeptrustsAvailable,
    loader: () =>
      import('../components/SpendContent').then(m => <m.SpendContent />),
  },
});
