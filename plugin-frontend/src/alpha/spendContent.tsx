import { EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { z } from 'zod';
import { isKeeptrustsAvailable } from '../annotations';
import { PERIODS } from '../features/spend/period';
import { SPEND_TAB_PATH } from '../routes';
import { titleFor } from './titles';

/** The tab of an entity that claims a gateway key. */
export const spendContent = EntityContentBlueprint.makeWithOverrides({
  name: 'spend',
  configSchema: {
    defaultPeriod: z.literal([...PERIODS]).optional(),
  },
  factory: (content, { config: { defaultPeriod }, apis }) =>
    content({
      path: SPEND_TAB_PATH,
      title: titleFor('spend', {
        dataRefs: EntityContentBlueprint.dataRefs,
        apis,
      }),
      filter: isKeeptrustsAvailable,
      loader: () =>
        import('../features/spend/SpendContent').then(m => (
          <m.SpendContent defaultPeriod={defaultPeriod} />
        )),
    }),
});
