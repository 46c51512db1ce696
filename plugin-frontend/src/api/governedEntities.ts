import { CATALOG_FILTER_EXISTS, CatalogApi } from '@backstage/catalog-client';
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { IdentityApi } from '@backstage/core-plugin-api';
import {
  KEEPTRUSTS_INSTANCE_ANNOTATION,
  KEEPTRUSTS_KEY_ANNOTATION,
  keeptrustsInstanceOf,
} from '../annotations';
import { errorOfCatalog, errorOfProblem, errorOfThrown } from './causes';
import { inTime, TIMEOUT_MS } from './deadline';
import { ContractError, isKeeptrustsError, KeeptrustsError } from './errors';
import { KeeptrustsApi, Observed, RequestOptions } from './KeeptrustsApi';
import { readOf } from './observed';
import { stateOf, stateRank } from './states';
import { GovernanceStatus, StatusItem } from './wire';

/** Whose entities: those that the viewer or one of their groups owns, or all that they may see. */
export type Scope = 'owned' | 'all';

/** An entity that claims a gateway key, with its status or why there is none to have. */
export interface GovernedEntity {
  entityRef: string;
  kind: string;
  namespace: string;
  name: string;
  /** The name for people. */
  title: string;
  status?: GovernanceStatus;
  failure?: KeeptrustsError;
}

/** The entities of a scope. */
export interface GovernedEntities {
  entities: readonly GovernedEntity[];
  /** There are more than these, which are the first by name. */
  truncated: boolean;
}

/** Those of a scope's entities that are not in order. */
export interface PressingEntities {
  /** The worst, the worst first, as many as were asked for. */
  worst: readonly GovernedEntity[];
  /** How many are not in order. */
  pressing: number;
  /** How many claim a key. */
  total: number;
  /** There are more than `total`, which are the first by name. */
  truncated: boolean;
}

/** What is asked to get them. */
export interface Sources {
  catalog: Pick<CatalogApi, 'getEntities'>;
  identity: Pick<IdentityApi, 'getBackstageIdentity'>;
  keeptrusts: Pick<KeeptrustsApi, 'getStatuses' | 'getWorst'>;
}

/** As many as the service takes in one request, so that a page is one request and can be sorted by what it answers. */
export const MOST_ENTITIES = 1000;

/** A person may be in hundreds of groups, and the address of a request has its limits. */
const OWNERS_A_REQUEST = 50;

/**
 * Reads the entities of `scope` that claim a key, and the statuses of all of them in one request to the service of each
 * Keeptrusts. Throws a `KeeptrustsError`, one of the catalog's too. Where the service of one of several fails, its entities
 * have that as their failure. Where no entity claims a key Keeptrusts is not asked, and the answer has no
 * moment.
 */
export async function loadGovernedEntities(
  sources: Sources,
  scope: Scope,
  options: RequestOptions,
): Promise<Observed<GovernedEntities>> {
  const { entities, truncated } = await entitiesOf(sources, scope, options);
  if (!entities.length) return { value: { entities: [], truncated } };
  const { parts, ...read } = await askEach(entities, options, (refs, asked) =>
    sources.keeptrusts.getStatuses(refs, asked),
  );
  const byRef = new Map(
    parts.flatMap(({ members, items, failure }) =>
      members.map((entity, index): [string, GovernedEntity] => [
        stringifyEntityRef(entity),
        governed(entity, items?.[index], failure),
      ]),
    ),
  );
  return {
    value: {
      entities: entities.flatMap(
        entity => byRef.get(stringifyEntityRef(entity)) ?? [],
      ),
      truncated,
    },
    ...read,
  };
}

/**
 * The `most` worst of what the viewer owns, and how many there are: for a few rows the statuses of all of them are not
 * sent. Throws as `loadGovernedEntities` does.
 */
export async function loadPressingEntities(
  sources: Sources,
  most: number,
  options: RequestOptions,
): Promise<Observed<PressingEntities>> {
  const { entities, truncated } = await entitiesOf(sources, 'owned', options);
  const total = entities.length;
  if (!total) return { value: { worst: [], pressing: 0, total, truncated } };
  let inOrder = 0;
  const { parts, ...read } = await askEach(
    entities,
    options,
    async (refs, asked) => {
      const { value, ...rest } = await sources.keeptrusts.getWorst(
        refs,
        most,
        asked,
      );
      inOrder += value.states.ok ?? 0;
      return { value: value.items, ...rest };
    },
  );
  const worst = parts.flatMap(({ members, items, failure }) => {
    if (!items) return members.map(it => governed(it, undefined, failure));
    const byRef = new Map(members.map(it => [stringifyEntityRef(it), it]));
    return items.flatMap(item => {
      const entity = byRef.get(item.entityRef.toLowerCase());
      return entity ? [governed(entity, item)] : [];
    });
  });
  // Each service has put its own in this order.
  if (parts.length > 1)
    worst.sort(
      (one, other) => stateRank(stateOf(one)) - stateRank(stateOf(other)),
    );
  return {
    value: {
      worst: worst.slice(0, most),
      pressing: total - inOrder,
      total,
      truncated,
    },
    ...read,
  };
}

/** The entities of one Keeptrusts, with what its service answered or why it did not. */
interface Part {
  members: readonly Entity[];
  items?: readonly StatusItem[];
  failure?: KeeptrustsError;
}

/**
 * Asks the service of each Keeptrusts about the entities that are of it. Throws what the first threw where all fail, and
 * at once what is no `KeeptrustsError`, such as an abort.
 */
async function askEach(
  entities: readonly Entity[],
  options: RequestOptions,
  ask: (
    refs: readonly string[],
    options: RequestOptions,
  ) => Promise<Observed<readonly StatusItem[]>>,
): Promise<Omit<Observed<unknown>, 'value'> & { parts: readonly Part[] }> {
  const byInstance = new Map<string | undefined, Entity[]>();
  for (const entity of entities) {
    const instance = keeptrustsInstanceOf(entity);
    const others = byInstance.get(instance);
    if (others) others.push(entity);
    else byInstance.set(instance, [entity]);
  }
  const answers: Observed<unknown>[] = [];
  const parts = await Promise.all(
    [...byInstance].map(async ([instance, members]): Promise<Part> => {
      try {
        const answer = await ask(
          members.map(entity => stringifyEntityRef(entity)),
          instance === undefined ? options : { ...options, instance },
        );
        answers.push(answer);
        return { members, items: answer.value };
      } catch (failure) {
        if (!isKeeptrustsError(failure)) throw failure;
        return { members, failure };
      }
    }),
  );
  if (!answers.length) throw parts[0].failure;
  return { parts, ...readOf(answers) };
}

/** The entities of `scope` that claim a key, by name, as many as fit one request to the service. */
async function entitiesOf(
  { catalog, identity }: Sources,
  scope: Scope,
  { signal }: RequestOptions,
): Promise<{ entities: Entity[]; truncated: boolean }> {
  const found = await inTime(
    { timeoutMs: TIMEOUT_MS, part: 'catalog', signal },
    async () =>
      claimingEntities(
        catalog,
        scope === 'owned' ? await ownersOf(identity) : undefined,
      ),
  );
  return {
    entities: found.slice(0, MOST_ENTITIES),
    truncated: found.length > MOST_ENTITIES,
  };
}

/** Who the viewer is and their groups; a sign-in that has ended fails here, before any request leaves. */
async function ownersOf(
  identity: Sources['identity'],
): Promise<readonly string[]> {
  try {
    return (await identity.getBackstageIdentity()).ownershipEntityRefs;
  } catch (error) {
    throw errorOfThrown(error);
  }
}

/** By name; one more than `MOST_ENTITIES` at the most, which says that there are more. */
async function claimingEntities(
  catalog: Sources['catalog'],
  owners: readonly string[] | undefined,
): Promise<Entity[]> {
  const filters = owners
    ? chunks(owners, OWNERS_A_REQUEST).map(chunk => ({
        'relations.ownedBy': chunk,
      }))
    : [{}];
  const answers = await Promise.all(
    filters.map(filter =>
      catalog.getEntities({
        filter: {
          ...filter,
          [`metadata.annotations.${KEEPTRUSTS_KEY_ANNOTATION}`]:
            CATALOG_FILTER_EXISTS,
        },
        fields: [
          'kind',
          'metadata.name',
          'metadata.namespace',
          'metadata.title',
          `metadata.annotations.${KEEPTRUSTS_INSTANCE_ANNOTATION}`,
        ],
        order: { field: 'metadata.name', order: 'asc' },
        limit: MOST_ENTITIES + 1,
      }),
    ),
  ).catch(error => {
    throw errorOfCatalog(error);
  });
  // Owned by two groups, it is still one entity.
  const byRef = new Map(
    answers
      .flatMap(answer => answer.items)
      .map(entity => [stringifyEntityRef(entity), entity]),
  );
  return [...byRef.values()].sort((one, other) =>
    // As the catalog orders them, in no language.
    one.metadata.name < other.metadata.name ? -1 : 1,
  );
}

function governed(
  entity: Entity,
  item: StatusItem | undefined,
  failure?: KeeptrustsError,
): GovernedEntity {
  const { name, namespace = 'default', title } = entity.metadata;
  const entityRef = stringifyEntityRef(entity);
  return {
    entityRef,
    kind: entity.kind,
    namespace,
    name,
    title: title ?? name,
    status: item?.status ?? undefined,
    failure: item?.status ? undefined : failure ?? failureOf(entityRef, item),
  };
}

function failureOf(
  entityRef: string,
  item: StatusItem | undefined,
): KeeptrustsError {
  return item?.problem
    ? errorOfProblem(item.problem)
    : new ContractError(`no status and no problem came for ${entityRef}`);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
