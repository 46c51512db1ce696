import { identityApiRef, useApi } from '@backstage/core-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { keeptrustsApiRef } from '../../api';
import {
  GovernedEntities,
  GovernedEntity,
  loadGovernedEntities,
  loadPressingEntities,
  PressingEntities,
  Scope,
} from '../../api/governedEntities';
import { Resource, useResource } from '../../ui/useResource';

/** The entities of a scope that claim a key, with their statuses. They change when the first of the budgets resets. */
export function useGovernedEntities(scope: Scope): Resource<GovernedEntities> {
  const sources = useSources();
  return useResource({
    owner: sources.keeptrusts,
    subject: scope,
    key: `entities ${scope}`,
    load: options => loadGovernedEntities(sources, scope, options),
    changesAt: ({ entities }) => firstReset(entities),
  });
}

/** The `most` worst of what the viewer owns. They change when the first of their budgets resets. */
export function usePressingEntities(most: number): Resource<PressingEntities> {
  const sources = useSources();
  return useResource({
    owner: sources.keeptrusts,
    subject: 'owned',
    key: `worst ${most} owned`,
    load: options => loadPressingEntities(sources, most, options),
    changesAt: ({ worst }) => firstReset(worst),
  });
}

const useSources = () => ({
  catalog: useApi(catalogApiRef),
  identity: useApi(identityApiRef),
  keeptrusts: useApi(keeptrustsApiRef),
});

function firstReset(entities: readonly GovernedEntity[]): string | undefined {
  const resets = entities.flatMap(it => it.status?.budget?.resetsAt ?? []);
  return resets.sort((one, other) => Date.parse(one) - Date.parse(other))[0];
}
