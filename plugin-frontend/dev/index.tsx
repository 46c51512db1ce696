import {
  createFrontendModule,
  createFrontendPlugin,
  PageBlueprint,
} from '@backstage/frontend-plugin-api';
import { createDevApp } from '@backstage/frontend-dev-utils';
import keeptrustsPlugin from '../src/alpha';
import { keeptrustsApi } from '../src/alpha/apis';
import { keeptrustsApiRef } from '../src/api';
import { PlaygroundApi } from './PlaygroundApi';

const playground = createFrontendPlugin({
  pluginId: 'playground',
  extensions: [
    PageBlueprint.make({
      params: {
        path: '/',
        title: 'Every state of the cards',
        loader: () => import('./Playground').then(m => <m.Playground />),
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

createDevApp({ features: [keeptrustsPlugin, fixtures, playground] });
