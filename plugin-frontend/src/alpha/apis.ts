import {
  ApiBlueprint,
  configApiRef,
  discoveryApiRef,
  fetchApiRef,
} from '@backstage/frontend-plugin-api';
import { keeptrustsApiRef } from '../api';
import { configuredClient } from '../api/configuredClient';

export const keeptrustsApi = ApiBlueprint.make({
  params: defineParams =>
    defineParams({
      api: keeptrustsApiRef,
      deps: {
        configApi: configApiRef,
        discoveryApi: discoveryApiRef,
        fetchApi: fetchApiRef,
      },
      factory: configuredClient,
    }),
});
