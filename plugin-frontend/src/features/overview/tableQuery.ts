import { GovernanceState } from '../../api';
import { GovernedEntity, Scope } from '../../api/governedEntities';
import { stateOf } from '../../api/states';
import { COLUMNS, Order } from '../../domain/order';

/** Every state, worst first. */
export const STATES = [
  'error',
  'warning',
  'unknown',
  'unconfigured',
  'ok',
] as const satisfies readonly GovernanceState[];

/** What the table is asked to show. All of it is in the address, so that a view can be sent to somebody. */
export interface TableQuery {
  scope: Scope;
  /** Words of a name, a team or a key. */
  search: string;
  /** These states only; all of them when empty. */
  states: readonly GovernanceState[];
  order: Order;
  /** From 1. */
  page: number;
}

const SCOPES: readonly Scope[] = ['owned', 'all'];

const WORST_FIRST: Order = { column: 'state', direction: 'ascending' };

/** Reads `?show=all&q=bot&state=error,warning&sort=spent&order=descending&page=2`; what it does not know is left out. */
export function queryIn(
  parameters: URLSearchParams,
  defaultScope: Scope = 'owned',
): TableQuery {
  const column = COLUMNS.find(it => it === parameters.get('sort'));
  const asked = parameters.get('state')?.split(',') ?? [];
  const page = Number(parameters.get('page') ?? 1);
  return {
    scope: SCOPES.find(it => it === parameters.get('show')) ?? defaultScope,
    search: parameters.get('q') ?? '',
    states: STATES.filter(state => asked.includes(state)),
    order: column
      ? {
          column,
          direction:
            parameters.get('order') === 'descending'
              ? 'descending'
              : 'ascending',
        }
      : WORST_FIRST,
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** The parameters with `query` in them, and what others keep there as it was. Defaults are not written. */
export function withQuery(
  parameters: URLSearchParams,
  { scope, search, states, order, page }: TableQuery,
  defaultScope: Scope = 'owned',
): URLSearchParams {
  const byDefault =
    order.column === WORST_FIRST.column &&
    order.direction === WORST_FIRST.direction;
  const values: Record<string, string | false> = {
    show: scope !== defaultScope && scope,
    q: search,
    state: states.join(','),
    sort: !byDefault && order.column,
    order: order.direction === 'descending' && order.direction,
    page: page > 1 && String(page),
  };
  const changed = new URLSearchParams(parameters);
  for (const [name, value] of Object.entries(values)) {
    if (value) changed.set(name, value);
    else changed.delete(name);
  }
  return changed;
}

/** Whether anything but scope and order narrows the table. */
export const isFiltered = ({ search, states }: TableQuery): boolean =>
  search.trim() !== '' || states.length > 0;

/**
 * The entities whose name, team or key has every word of `search`, in small or capital letters of no language: in Turkish
 * the small letter of I is none that a reference has.
 */
export function matching(
  entities: readonly GovernedEntity[],
  search: string,
): GovernedEntity[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return entities.filter(entity => {
    const text = textOf(entity);
    return words.every(word => text.includes(word));
  });
}

/** The entities in one of `states`; all of them where none is named. */
export function inStates(
  entities: readonly GovernedEntity[],
  states: readonly GovernanceState[],
): GovernedEntity[] {
  return entities.filter(
    entity => !states.length || states.includes(stateOf(entity)),
  );
}

function textOf({ entityRef, title, status }: GovernedEntity): string {
  return [entityRef, title, status?.team?.name, status?.gatewayKey?.declared]
    .join(' ')
    .toLowerCase();
}
