import { useApi } from '@backstage/core-plugin-api';
import { GovernanceStatus, keeptrustsApiRef } from '../../api';
import { Resource, useResource } from '../../ui/useResource';

/** The status of one entity, by its full reference and the Keeptrusts that it is of. It changes by itself when the budget resets. */
export function useGovernanceStatus(
  entityRef: string,
  instance?: string,
): Resource<GovernanceStatus> {
  const api = useApi(keeptrustsApiRef);
  return useResource({
    owner: api,
    subject: entityRef,
    key: `status ${entityRef} ${instance}`,
    load: options => api.getStatus(entityRef, { ...options, instance }),
    changesAt: ({ budget }) => budget?.resetsAt,
  });
}
