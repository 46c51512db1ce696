import { useApi } from '@backstage/core-plugin-api';
import { useCallback } from 'react';
import { GovernanceStatus, keeptrustsApiRef, RequestOptions } from '../api';
import { Resource, useResource } from './useResource';

/** The status of one entity, by its full reference. */
export function useGovernanceStatus(
  entityRef: string,
): Resource<GovernanceStatus> {
  const api = useApi(keeptrustsApiRef);
  return useResource(
    entityRef,
    useCallback(
      (options: RequestOptions) => api.getStatus(entityRef, options),
      [api, entityRef],
    ),
  );
}
