import { useApi } from '@backstage/core-plugin-api';
import { keeptrustsApiRef, PlatformStatus } from '../../api';
import { Resource, useResource } from '../../ui/useResource';

/** Health of the platform itself. */
export function usePlatformStatus(): Resource<PlatformStatus> {
  const api = useApi(keeptrustsApiRef);
  return useResource({
    owner: api,
    subject: 'platform',
    key: 'platform',
    load: options => api.getPlatform(options),
  });
}
