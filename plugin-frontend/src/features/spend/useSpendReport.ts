import { useApi } from '@backstage/core-plugin-api';
import { keeptrustsApiRef, SpendReport } from '../../api';
import { Resource, useResource } from '../../ui/useResource';

/** Spend of one entity over `days` days, from the Keeptrusts that it is of; the last report stays on screen while another period loads. */
export function useSpendReport(
  entityRef: string,
  days: number,
  instance?: string,
): Resource<SpendReport> {
  const api = useApi(keeptrustsApiRef);
  return useResource({
    owner: api,
    subject: entityRef,
    key: `spend ${entityRef} ${days} ${instance}`,
    load: options => api.getSpend(entityRef, days, { ...options, instance }),
  });
}
