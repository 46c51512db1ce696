import { useApi } from '@backstage/core-plugin-api';
import { useCallback } from 'react';
import { keeptrustsApiRef, PlatformStatus, RequestOptions } from '../api';
import { Resource, useResource } from './useResource';

/** Health of the platform itself. */
export function usePlatformStatus(): Resource<PlatformStatus> {
  const api = useApi(keeptrustsApiRef);
  return useResource(
    'platform',
    useCallback((options: RequestOptions) => api.getPlatform(options), [api]),
  );
}
