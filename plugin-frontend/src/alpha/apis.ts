import {
  ApiBlueprint,
  discoveryApiRef,
  fetchApiRef,
} from '@backstage/frontend-plugin-api';
import { KeeptrustsClient, keeptrustsApiRef } from '../api';

export const keeptrustsApi = ApiBlueprint.make({
  params: defineParams =>
    defineParams({
      api: keeptrustsApiRef,
      deps: { discoveryApi: discoveryApiRef, fetchApi: fetchApiRef },
      factory: deps => new KeeptrustsClient(deps),
    }),
});
