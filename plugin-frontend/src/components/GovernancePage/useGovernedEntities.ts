import { identityApiRef, useApi } from '@backstage/core-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { useCallback } from 'react';
import { keeptrustsApiRef, RequestOptions } from '../../api';
import { Resource, useResource } from '../../hooks';
import {
  GovernedEntities,
  loadGovernedEntities,
  Scope,
} from './governedEntities';

/** The entities of a scope that claim a key, with their statuses. */
export function useGovernedEntities(scope: Scope): Resource<GovernedEntities> {
  const catalog = useApi(catalogApiRef);
  const identity = useApi(identityApiRef);
  const keeptrusts = useApi(keeptrustsApiRef);
  return useResource(
    scope,
    useCallback(
      (options: RequestOptions) =>
        loadGovernedEntities({ catalog, identity, keeptrusts }, scope, options),
      [catalog, identity, keeptrusts, scope],
    ),
  );
}
