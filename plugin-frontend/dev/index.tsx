import { createDevApp } from '@backstage/frontend-dev-utils';
import {
  ApiBlueprint,
  createFrontendModule,
  createFrontendPlugin,
  PageBlueprint,
} from '@backstage/frontend-plugin-api';
import { catalogApiRef, entityRouteRef } from '@backstage/plugin-catalog-react';
import { ComponentType } from 'react';
import keeptrustsPlugin from '../src';
import { keeptrustsApi } from '../src/alpha/apis';
import { keeptrustsApiRef } from '../src/api';
import { entitiesAsked, PlaygroundApi } from './PlaygroundApi';

type View = keyof typeof import('./Playground');

const page = (name: string, path: string, title: string, view: View) =>
  PageBlueprint.make({
    name,
    params: {
      path,
      title,
      loader: () =>
        import('./Playground').then(m => {
          const Shown: ComponentType = m[view];
          return <Shown />;
        }),
    },
  });

const playground = createFrontendPlugin({
  pluginId: 'playground',
  extensions: [
    page('cards', '/', 'Every state of the card', 'Playground'),
    page('compact', '/compact', 'Compact cards', 'CompactCards'),
    page('spend', '/spend', 'Spend', 'Spends'),
    page('roll-up-cards', '/roll-up-cards', 'Cards of a group', 'RollUpCards'),
    page('roll-up', '/roll-up', 'Group', 'RollUps'),
    page('platform', '/platform', 'Gateway', 'Platform'),
    page('home', '/home', 'Home card', 'Home'),
  ],
});

/** As much of the catalog as the views need: its entities and the page of one. */
const catalog = createFrontendPlugin({
  pluginId: 'catalog',
  routes: { catalogEntity: entityRouteRef },
  extensions: [
    ApiBlueprint.make({
      params: defineParams =>
        defineParams({
          api: catalogApiRef,
          deps: {},
          factory: () =>
            ({
              getEntities: async () => ({ items: entitiesAsked() }),
              getEntityByRef: async () => undefined,
            } as never),
        }),
    }),
    PageBlueprint.make({
      name: 'entity',
      params: {
        path: '/catalog/:namespace/:kind/:name',
        routeRef: entityRouteRef,
        loader: () => import('./Playground').then(m => <m.EntityPage />),
      },
    }),
  ],
});

const fixtures = createFrontendModule({
  pluginId: 'keeptrusts',
  extensions: [
    keeptrustsApi.override({
      params: defineParams =>
        defineParams({
          api: keeptrustsApiRef,
          deps: {},
          factory: () => new PlaygroundApi(),
        }),
    }),
  ],
});

createDevApp({ features: [keeptrustsPlugin, fixtures, catalog, playground] });
