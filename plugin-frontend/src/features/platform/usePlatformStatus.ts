import { useApi } from '@backstage/core-plugin-api';
import { keeptrustsApiRef, PlatformStatus } from '../../api';
import { Resource, useResource } from '../../ui/useResource';

/** Health of the platform itself, of one Keeptrusts. */
export function usePlatformStatus(instance?: string): Resource<PlatformStatus> {
  const api = useApi(keeptrustsApiRef);
  return useResource({
    owner: api,
    subject: `platform ${instance}`,
    key: `platform ${instance}`,
    load: options => api.getPlatform({ ...options, instance }),
  });
}
