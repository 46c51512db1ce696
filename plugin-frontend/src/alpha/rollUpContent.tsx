import { EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { z } from 'zod';
import { isKeeptrustsRollUp } from '../annotations';
import { PERIODS } from '../features/spend/period';
import { ROLL_UP_TAB_PATH } from '../routes';
import { titleFor } from './titles';

/** The tab of groups, systems and domains. */
export const rollUpContent = EntityContentBlueprint.makeWithOverrides({
  name: 'roll-up',
  configSchema: {
    defaultPeriod: z.literal([...PERIODS]).optional(),
  },
  factory: (content, { config: { defaultPeriod }, apis }) =>
    content({
      path: ROLL_UP_TAB_PATH,
      title: titleFor('spend', {
        dataRefs: EntityContentBlueprint.dataRefs,
        apis,
      }),
      filter: isKeeptrustsRollUp,
      loader: () =>
        import('../features/rollup/RollUpContent').then(m => (
          <m.RollUpContent defaultPeriod={defaultPeriod} />
        )),
    }),
});
