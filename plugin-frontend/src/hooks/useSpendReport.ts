import { useApi } from '@backstage/core-plugin-api';
import { useCallback } from 'react';
import { keeptrustsApiRef, RequestOptions, SpendReport } from '../api';
import { Resource, useResource } from './useResource';

/** Spend of one entity over `days` days; the last report stays on screen while another period loads. */
export function useSpendReport(
  entityRef: string,
  days: number,
): Resource<SpendReport> {
  const api = useApi(keeptrustsApiRef);
  return useResource(
    entityRef,
    useCallback(
      (options: RequestOptions) => api.getSpend(entityRef, days, options),
      [api, entityRef, days],
    ),
  );
}
