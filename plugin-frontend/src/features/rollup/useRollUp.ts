import { useApi } from '@backstage/core-plugin-api';
import { keeptrustsApiRef, RollUp } from '../../api';
import { Resource, useResource } from '../../ui/useResource';

/**
 * The roll-up of a group, a system or a domain over `days` days; the last one stays on screen while another period loads.
 * Card and tab of one page share it.
 */
export function useRollUp(entityRef: string, days: number): Resource<RollUp> {
  const api = useApi(keeptrustsApiRef);
  return useResource({
    owner: api,
    subject: entityRef,
    key: `roll-up ${entityRef} ${days}`,
    load: options => api.getRollUp(entityRef, days, options),
  });
}
