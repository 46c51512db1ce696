import { CATALOG_FILTER_EXISTS } from '@backstage/catalog-client';
import { NotAllowedError } from '@backstage/errors';
import { inOrder, overBudget } from '../fixtures/statuses';
import { TIMEOUT_MS } from './deadline';
import {
  loadGovernedEntities,
  loadPressingEntities,
  MOST_ENTITIES,
  Sources,
} from './governedEntities';
import { NotConfiguredError, RequestOptions, StatusItem } from './index';

const entity = (name: string, title?: string) => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name, title },
});

/** By name, each of the Keeptrusts instance beside it. */
const ofInstances = (instances: Record<string, string | undefined>) =>
  Object.entries(instances).map(([name, instance]) => ({
    ...entity(name),
    metadata: {
      name,
      annotations: instance
        ? { 'keeptrusts.dev/instance': instance }
        : undefined,
    },
  }));

const CLAIMS = {
  'metadata.annotations.keeptrusts.dev/gateway-key-name': CATALOG_FILTER_EXISTS,
};

function sources(names: string[], owners: string[] = ['user:default/guest']) {
  return {
    catalog: {
      getEntities: jest.fn(async (_?: object) => ({
        items: names.map(name => entity(name)),
      })),
    },
    identity: {
      getBackstageIdentity: jest.fn(async () => ({
        type: 'user' as const,
        userEntityRef: 'user:default/guest',
        ownershipEntityRefs: owners,
      })),
    },
    keeptrusts: {
      getStatuses: jest.fn(
        async (asked: readonly string[], _?: RequestOptions) => ({
          value: asked.map(
            (entityRef): StatusItem => ({ entityRef, status: inOrder }),
          ),
          observedAt: 5,
        }),
      ),
      getWorst: jest.fn(
        async (asked: readonly string[], most: number, _?: RequestOptions) => ({
          value: {
            items: asked
              .slice(0, most)
              .map(
                (entityRef): StatusItem => ({ entityRef, status: overBudget }),
              ),
            states: { ok: 1, error: asked.length - 1 },
          },
          observedAt: 5,
        }),
      ),
    },
  };
}

const refs = (...names: string[]) =>
  names.map(name => `component:default/${name}`);

const FAILURE = new NotConfiguredError('no such endpoint');

describe('of several instances of Keeptrusts', () => {
  const INSTANCES = { a: 'staging', b: undefined, c: 'staging', d: 'eu' };

  function several() {
    const given = sources([]);
    given.catalog.getEntities.mockResolvedValue({
      items: ofInstances(INSTANCES) as never,
    });
    return given;
  }

  it('asks the service of each about its own, and keeps the order of the whole', async () => {
    const given = several();
    given.keeptrusts.getStatuses.mockImplementation(
      async (asked, { instance }: RequestOptions = {}) => ({
        value: asked.map(entityRef => ({
          entityRef,
          status: { ...inOrder, entityRef: `${entityRef} ${instance}` },
        })),
        observedAt: instance === 'eu' ? 3 : 5,
      }),
    );

    const { value, observedAt } = await loadGovernedEntities(given, 'all', {
      refresh: true,
    });

    expect(given.keeptrusts.getStatuses.mock.calls).toEqual([
      [refs('a', 'c'), { refresh: true, instance: 'staging' }],
      [refs('b'), { refresh: true }],
      [refs('d'), { refresh: true, instance: 'eu' }],
    ]);
    expect(value.entities.map(it => it.status?.entityRef)).toEqual([
      'component:default/a staging',
      'component:default/b undefined',
      'component:default/c staging',
      'component:default/d eu',
    ]);
    expect(observedAt).toBe(3);
  });

  it('asks the catalog for the annotation that names the instance', async () => {
    const given = several();

    await loadGovernedEntities(given, 'all', {});

    expect(given.catalog.getEntities.mock.calls[0][0]).toMatchObject({
      fields: expect.arrayContaining([
        'metadata.annotations.keeptrusts.dev/instance',
      ]),
    });
  });

  it('shows the others where the service of one fails', async () => {
    const given = several();
    given.keeptrusts.getStatuses.mockImplementation(
      async (asked, { instance }: RequestOptions = {}) => {
        if (instance === 'staging') throw FAILURE;
        return {
          value: asked.map(entityRef => ({ entityRef, status: inOrder })),
          observedAt: 5,
        };
      },
    );

    const { value } = await loadGovernedEntities(given, 'all', {});

    expect(value.entities.map(it => it.failure ?? it.status?.state)).toEqual([
      FAILURE,
      'ok',
      FAILURE,
      'ok',
    ]);
  });

  it('fails where the services of all fail', async () => {
    const given = several();
    given.keeptrusts.getStatuses.mockRejectedValue(FAILURE);

    await expect(loadGovernedEntities(given, 'all', {})).rejects.toBe(FAILURE);
  });

  it('has the worst of all of them, and counts them all', async () => {
    const given = several();
    given.keeptrusts.getWorst.mockImplementation(
      async (asked, _, { instance }: RequestOptions = {}) => {
        if (instance === 'eu') throw FAILURE;
        const state = instance === 'staging' ? 'warning' : 'error';
        return {
          value: {
            items: [
              { entityRef: asked[0], status: { ...overBudget, state } },
            ] as StatusItem[],
            states: { ok: asked.length - 1, error: 1 },
          },
          observedAt: 5,
        };
      },
    );

    const { value } = await loadPressingEntities(given, 2, {});
    const all = await loadPressingEntities(given, 5, {});

    expect(value.worst.map(it => it.name)).toEqual(['b', 'a']);
    expect(all.value.worst.map(it => it.name)).toEqual(['b', 'a', 'd']);
    expect(value).toMatchObject({ pressing: 3, total: 4 });
  });
});

describe('loadPressingEntities', () => {
  it('gets as many as are shown, and counts them all', async () => {
    const given = sources(['a', 'b', 'c', 'd']);

    const { value, observedAt } = await loadPressingEntities(given, 2, {});

    expect(given.keeptrusts.getWorst.mock.calls[0].slice(0, 2)).toEqual([
      ['a', 'b', 'c', 'd'].map(name => `component:default/${name}`),
      2,
    ]);
    expect(value).toMatchObject({ pressing: 3, total: 4, truncated: false });
    expect(value.worst.map(it => it.name)).toEqual(['a', 'b']);
    expect(observedAt).toBe(5);
  });

  it('does not ask the service where the viewer owns nothing', async () => {
    const given = sources(['a'], []);

    const { value } = await loadPressingEntities(given, 2, {});

    expect(value.total).toBe(0);
    expect(given.keeptrusts.getWorst).not.toHaveBeenCalled();
  });
});

describe('loadGovernedEntities', () => {
  afterEach(() => jest.useRealTimers());

  it('asks the catalog for what the viewer owns and claims a key, and the service once for all of it', async () => {
    const given = sources(
      ['b', 'a'],
      ['user:default/guest', 'group:default/x'],
    );

    const { value, observedAt } = await loadGovernedEntities(given, 'owned', {
      refresh: true,
    });

    expect(given.catalog.getEntities).toHaveBeenCalledTimes(1);
    expect(given.catalog.getEntities.mock.calls[0][0]).toMatchObject({
      filter: {
        ...CLAIMS,
        'relations.ownedBy': ['user:default/guest', 'group:default/x'],
      },
      limit: MOST_ENTITIES + 1,
    });
    expect(given.keeptrusts.getStatuses.mock.calls).toEqual([
      [['component:default/a', 'component:default/b'], { refresh: true }],
    ]);
    expect(value.entities.map(it => it.name)).toEqual(['a', 'b']);
    expect(value.truncated).toBe(false);
    expect(observedAt).toBe(5);
  });

  it('asks for all without asking who the viewer is', async () => {
    const given = sources(['a']);

    await loadGovernedEntities(given, 'all', {});

    expect(given.identity.getBackstageIdentity).not.toHaveBeenCalled();
    expect(given.catalog.getEntities.mock.calls[0][0]).toMatchObject({
      filter: CLAIMS,
    });
  });

  it('asks in parts for somebody in very many groups, and has an entity of two groups once', async () => {
    const groups = Array.from({ length: 120 }, (_, i) => `group:default/g${i}`);
    const given = sources(['a'], groups);

    const { value } = await loadGovernedEntities(given, 'owned', {});

    expect(given.catalog.getEntities).toHaveBeenCalledTimes(3);
    expect(value.entities.map(it => it.name)).toEqual(['a']);
  });

  it.each([
    ['the viewer owns nothing', ['a'], []],
    ['nothing claims a key', [], ['user:default/guest']],
  ])('does not ask the service where %s', async (_, names, owners) => {
    const given = sources(names, owners);

    const { value, observedAt } = await loadGovernedEntities(
      given,
      'owned',
      {},
    );

    expect(value).toEqual({ entities: [], truncated: false });
    expect(observedAt).toBeUndefined();
    expect(given.keeptrusts.getStatuses).not.toHaveBeenCalled();
  });

  it('shows as many as fit a request, and says that there are more', async () => {
    const names = Array.from({ length: MOST_ENTITIES + 1 }, (_, i) => `e${i}`);
    const given = sources(names);

    const { value } = await loadGovernedEntities(given, 'all', {});

    expect(value.entities).toHaveLength(MOST_ENTITIES);
    expect(value.truncated).toBe(true);
    expect(given.keeptrusts.getStatuses).toHaveBeenCalledTimes(1);
  });

  it('tells the causes of single failures apart', async () => {
    const given = sources(['a', 'b', 'c']);
    given.keeptrusts.getStatuses.mockResolvedValue({
      value: [
        {
          entityRef: 'component:default/a',
          problem: {
            type: 'urn:keeptrusts-bff:not-found',
            title: 'Not found',
            status: 404,
          },
        },
        { entityRef: 'component:default/b' },
        { entityRef: 'component:default/c', status: inOrder },
      ],
      observedAt: 5,
    });

    const { value } = await loadGovernedEntities(given, 'all', {});

    expect(value.entities.map(it => it.failure?.kind)).toEqual([
      'not-found',
      'contract',
      undefined,
    ]);
  });

  it('says that it was the catalog which did not answer', async () => {
    const given = sources([]);
    given.catalog.getEntities.mockRejectedValue(
      new TypeError('Failed to fetch'),
    );

    await expect(loadGovernedEntities(given, 'all', {})).rejects.toMatchObject({
      kind: 'unreachable',
      part: 'catalog',
    });
  });

  it('says that the catalog refused', async () => {
    const given = sources([]);
    given.catalog.getEntities.mockRejectedValue(
      Object.assign(new NotAllowedError('no'), { statusCode: 403 }),
    );

    await expect(loadGovernedEntities(given, 'all', {})).rejects.toMatchObject({
      kind: 'not-permitted',
    });
  });

  it('gives up the catalog that does not answer', async () => {
    jest.useFakeTimers();
    const given = sources(['a']);
    given.catalog.getEntities.mockReturnValue(new Promise(() => {}));

    const refusal = loadGovernedEntities(given, 'all', {}).catch(it => it);
    await jest.advanceTimersByTimeAsync(TIMEOUT_MS);

    expect(await refusal).toMatchObject({
      kind: 'unreachable',
      part: 'catalog',
    });
  });

  it.each([
    ['page', (it: Sources) => loadGovernedEntities(it, 'owned', {})],
    ['home card', (it: Sources) => loadPressingEntities(it, 5, {})],
  ])(
    'says for the %s that the sign-in has ended where that is found before any request leaves',
    async (_, load) => {
      const given = sources(['a']);
      given.identity.getBackstageIdentity.mockRejectedValue(
        new Error('No session available'),
      );

      await expect(load(given)).rejects.toMatchObject({ kind: 'signed-out' });
      expect(given.catalog.getEntities).not.toHaveBeenCalled();
    },
  );

  it('asks the service nothing once it is not waited for any more', async () => {
    const given = sources(['a']);
    const left = new AbortController();
    given.catalog.getEntities.mockImplementation(async () => {
      left.abort();
      return { items: [entity('a')] };
    });

    await expect(
      loadGovernedEntities(given, 'all', { signal: left.signal }),
    ).rejects.toBe(left.signal.reason);
    expect(given.keeptrusts.getStatuses).not.toHaveBeenCalled();
  });
});
