/** @jest-environment node */
import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { inOrder } from '../fixtures/statuses';
import { loadGovernedEntities } from './governedEntities';
import { KeeptrustsClient } from './KeeptrustsClient';

const listening: Server[] = [];

/** A server on a free port that answers with JSON; the result is its address. */
async function serving(
  answer: (request: IncomingMessage, body: string) => Promise<unknown>,
): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const value = await answer(request, body);
    response.writeHead(value === undefined ? 404 : 200, {
      'content-type': 'application/json',
    });
    response.end(JSON.stringify(value));
  });
  listening.push(server);
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A service that answers about whatever it is asked for, and says in the team's name which one it is. */
const service = (name: string) =>
  serving(async (_, body) => ({
    items: JSON.parse(body).entityRefs.map((entityRef: string) => ({
      entityRef,
      status: { ...inOrder, entityRef, team: { id: 'team', name } },
    })),
  }));

/** A proxy in front of two services, as Backstage's is: by the first part of the path. */
async function proxied(targets: Record<string, string>) {
  return serving(async ({ url, method }, body) => {
    const [, endpoint, rest] = /^\/api\/proxy\/([^/]+)(\/.*)$/.exec(url!) ?? [];
    const target = targets[endpoint];
    return target && (await fetch(`${target}${rest}`, { method, body })).json();
  });
}

describe('two services behind two endpoints of one proxy', () => {
  afterAll(() => listening.forEach(server => server.close()));

  it('are asked about their own entities by the client, over the network', async () => {
    const getBackstageIdentity = async () => ({
      type: 'user' as const,
      userEntityRef: 'user:default/guest',
      ownershipEntityRefs: [],
    });
    const backstage = await proxied({
      keeptrusts: await service('live'),
      'keeptrusts-staging': await service('rehearsal'),
    });
    const keeptrusts = new KeeptrustsClient({
      discoveryApi: { getBaseUrl: async id => `${backstage}/api/${id}` },
      fetchApi: { fetch },
      instances: { staging: '/keeptrusts-staging', eu: '/keeptrusts-eu' },
    });
    const instances = [undefined, 'staging', undefined, 'eu', 'us', 'staging'];
    const items = instances.map((instance, index) => ({
      apiVersion: 'backstage.io/v1alpha1',
      kind: 'Component',
      metadata: {
        name: `c${index}`,
        annotations: instance
          ? { 'keeptrusts.dev/instance': instance }
          : undefined,
      },
    }));

    const { value } = await loadGovernedEntities(
      {
        catalog: { getEntities: async () => ({ items }) },
        identity: { getBackstageIdentity },
        keeptrusts,
      },
      'all',
      {},
    );

    expect(
      value.entities.map(it => [
        it.name,
        it.status?.team?.name ?? it.failure?.kind,
      ]),
    ).toEqual([
      ['c0', 'live'],
      ['c1', 'rehearsal'],
      ['c2', 'live'],
      ['c3', 'not-configured'],
      ['c4', 'unknown-instance'],
      ['c5', 'rehearsal'],
    ]);
  });
});
