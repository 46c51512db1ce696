import { useApi } from '@backstage/core-plugin-api';
import { useCallback } from 'react';
import { keeptrustsApiRef, RequestOptions, StatusItem } from '../api';
import { Resource, useResource } from './useResource';

/** The status of many entities in one request; other references, in content and order, are another subject. */
export function useGovernanceStatuses(
  entityRefs: readonly string[],
): Resource<StatusItem[]> {
  const api = useApi(keeptrustsApiRef);
  // A new array with the same references asks nothing new. No reference contains a blank.
  const key = entityRefs.join(' ');
  return useResource(
    key,
    useCallback(
      (options: RequestOptions) =>
        api.getStatuses(key ? key.split(' ') : [], options),
      [api, key],
    ),
  );
}
