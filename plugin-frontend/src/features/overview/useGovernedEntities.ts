import { identityApiRef, useApi } from '@backstage/core-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { keeptrustsApiRef } from '../../api';
import {
  GovernedEntities,
  loadGovernedEntities,
  Scope,
} from '../../api/governedEntities';
import { Resource, useResource } from '../../ui/useResource';

/** The entities of a scope that claim a key, with their statuses. They change when the first of the budgets resets. */
export function useGovernedEntities(scope: Scope): Resource<GovernedEntities> {
  const catalog = useApi(catalogApiRef);
  const identity = useApi(identityApiRef);
  const keeptrusts = useApi(keeptrustsApiRef);
  return useResource({
    owner: keeptrusts,
    subject: scope,
    key: `entities ${scope}`,
    load: options =>
      loadGovernedEntities({ catalog, identity, keeptrusts }, scope, options),
    changesAt: firstReset,
  });
}

function firstReset({ entities }: GovernedEntities): string | undefined {
  const resets = entities.flatMap(it => it.status?.budget?.resetsAt ?? []);
  return resets.sort((one, other) => Date.parse(one) - Date.parse(other))[0];
}
