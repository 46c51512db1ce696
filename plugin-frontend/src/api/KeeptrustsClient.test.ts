import { team } from '../features/rollup/fixtures';
import { inOrder, NOW } from '../fixtures/statuses';
import { KeeptrustsClient } from './KeeptrustsClient';

const BOT = 'component:default/customer-support-bot';
const BASE = 'http://backstage/api/proxy/keeptrusts';

const json = (body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', ...headers },
  });

function clientOf(fetch: jest.Mock, timeoutMs?: number) {
  return new KeeptrustsClient({
    discoveryApi: {
      getBaseUrl: async plugin => `http://backstage/api/${plugin}`,
    },
    fetchApi: { fetch },
    now: () => NOW,
    timeoutMs,
  });
}

/** A fetch that never answers, and gives up when its signal aborts, as the browser's does. */
const silent = () =>
  jest.fn(
    (_url: string, { signal }: RequestInit) =>
      new Promise((_resolve, reject) =>
        signal!.addEventListener('abort', () => reject(signal!.reason)),
      ),
  );

describe('KeeptrustsClient', () => {
  it('asks for an entity’s status through the proxy', async () => {
    const fetch = jest.fn().mockResolvedValue(json(inOrder));

    await expect(clientOf(fetch).getStatus(BOT)).resolves.toMatchObject({
      value: inOrder,
    });
    expect(fetch).toHaveBeenCalledWith(
      `${BASE}/v1/entities/component/default/customer-support-bot/governance`,
      expect.objectContaining({ method: 'GET' }),
    );
  });

  it('writes a reference as the service compares it', async () => {
    const fetch = jest.fn().mockResolvedValue(json(inOrder));

    await clientOf(fetch).getStatus('Component:Default/Bot.x');

    expect(fetch.mock.calls[0][0]).toBe(
      `${BASE}/v1/entities/component/default/bot.x/governance`,
    );
  });

  it('asks past every cache only on request', async () => {
    const fetch = jest.fn().mockImplementation(async () => json(inOrder));
    const client = clientOf(fetch);

    await client.getStatus(BOT);
    await client.getStatus(BOT, { refresh: true });

    expect(
      fetch.mock.calls.map(([, init]) => init.headers['cache-control']),
    ).toEqual([undefined, 'no-cache']);
  });

  it('asks for the roll-up of a group over a period', async () => {
    const fetch = jest.fn().mockResolvedValue(json(team));

    await expect(
      clientOf(fetch).getRollUp('Group:Default/Support-Team', 7),
    ).resolves.toMatchObject({ value: team });
    expect(fetch.mock.calls[0][0]).toBe(
      `${BASE}/v1/entities/group/default/support-team/rollup?days=7`,
    );
  });

  it('says where a roll-up is not of the form expected', async () => {
    const [first, ...others] = team.members;
    const odd = { ...team, members: [first, { ...others[0], byDay: [1] }] };
    const fetch = jest.fn().mockResolvedValue(json(odd));

    await expect(
      clientOf(fetch).getRollUp('group:default/support-team', 7),
    ).rejects.toMatchObject({
      kind: 'contract',
      detail: 'members[1].byDay[0] is not a string.',
    });
  });

  it.each([
    ['exportSpend', 'csv', 'spend?days=30&format=csv'],
    ['exportRollUp', 'focus', 'rollup?days=30&format=focus'],
  ] as const)(
    'gets the file of %s as the service names it, byte by byte',
    async (method, format, path) => {
      const fetch = jest.fn().mockResolvedValue(
        new Response('day,spent\r\n', {
          headers: {
            'content-type': 'text/csv; charset=utf-8',
            'content-disposition': 'attachment; filename="bot-2026-03.csv"',
          },
        }),
      );

      const file = await clientOf(fetch)[method](BOT, 30, format);

      const [address, init] = fetch.mock.calls[0];
      expect(address).toBe(
        `${BASE}/v1/entities/component/default/customer-support-bot/${path}`,
      );
      expect(init.headers.accept).toBe('text/csv, application/problem+json');
      expect(file.name).toBe('bot-2026-03.csv');
      expect(file.content.size).toBe('day,spent\r\n'.length);
    },
  );

  it('names a file itself where a proxy takes the name away', async () => {
    const fetch = jest
      .fn()
      .mockResolvedValue(
        new Response('', { headers: { 'content-type': 'text/csv' } }),
      );

    await expect(
      clientOf(fetch).exportSpend(BOT, 7, 'csv'),
    ).resolves.toMatchObject({
      name: 'keeptrusts-spend-component-default-customer-support-bot-7-days-csv.csv',
    });
  });

  it.each([
    ['text/html', '<!doctype html>', 'web-page'],
    ['application/json', '{}', 'contract'],
  ])('takes %s for no file', async (type, body, kind) => {
    const fetch = jest
      .fn()
      .mockResolvedValue(
        new Response(body, { headers: { 'content-type': type } }),
      );

    await expect(
      clientOf(fetch).exportSpend(BOT, 7, 'csv'),
    ).rejects.toMatchObject({ kind });
  });

  it('says why a file is refused', async () => {
    const fetch = jest.fn().mockResolvedValue(
      new Response(
        JSON.stringify({
          type: 'urn:keeptrusts-bff:forbidden',
          title: 'Not for you',
          status: 403,
        }),
        {
          status: 403,
          headers: { 'content-type': 'application/problem+json' },
        },
      ),
    );

    await expect(
      clientOf(fetch).exportRollUp(BOT, 7, 'csv'),
    ).rejects.toMatchObject({ kind: 'not-permitted' });
  });

  describe('with several instances of Keeptrusts', () => {
    const several = (fetch: jest.Mock, instances?: Record<string, string>) =>
      new KeeptrustsClient({
        discoveryApi: {
          getBaseUrl: async plugin => `http://backstage/api/${plugin}`,
        },
        fetchApi: { fetch },
        instances,
      });
    const STAGING = { staging: '/keeptrusts-staging' };
    const failing = () =>
      jest.fn().mockRejectedValue(new TypeError('Failed to fetch'));

    it('asks the service of the instance, whatever is asked', async () => {
      const fetch = failing();
      const client = several(fetch, STAGING);
      const asked = { instance: 'staging' };

      await Promise.allSettled([
        client.getStatus(BOT, asked),
        client.getStatuses([BOT], asked),
        client.getWorst([BOT], 1, asked),
        client.getSpend(BOT, 7, asked),
        client.getRollUp(BOT, 7, asked),
        client.getCoverage(7, asked),
        client.getPlatform(asked),
        client.exportSpend(BOT, 7, 'csv', asked),
        client.exportRollUp(BOT, 7, 'csv', asked),
      ]);

      expect(fetch).toHaveBeenCalledTimes(9);
      for (const [url] of fetch.mock.calls)
        expect(url).toMatch(
          /^http:..backstage.api.proxy.keeptrusts-staging.v1/,
        );
    });

    it('asks the default service about what names no instance', async () => {
      const fetch = jest.fn().mockResolvedValue(json(inOrder));

      await several(fetch, STAGING).getStatus(BOT);

      expect(fetch.mock.calls[0][0]).toContain(`${BASE}/v1/`);
    });

    it('does not take one instance’s answer for another’s', async () => {
      const fetch = jest.fn().mockImplementation(async () => json(inOrder));
      const client = several(fetch, STAGING);

      await Promise.all([
        client.getStatus(BOT),
        client.getStatus(BOT, { instance: 'staging' }),
      ]);

      expect(fetch).toHaveBeenCalledTimes(2);
    });

    it.each(['production', '', 'constructor'])(
      'says that there is no instance ‘%s’, and which there are',
      async instance => {
        const fetch = failing();

        await expect(
          several(fetch, STAGING).getStatus(BOT, { instance }),
        ).rejects.toMatchObject({
          kind: 'unknown-instance',
          detail: `keeptrusts.dev/instance is '${instance}', and keeptrusts.instances has 'staging'.`,
        });
        expect(fetch).not.toHaveBeenCalled();
      },
    );

    it('leaves it to the one service to say whose an entity is where no instances are configured', async () => {
      const fetch = jest.fn().mockResolvedValue(json(inOrder));

      await several(fetch).getStatus(BOT, { instance: 'staging' });

      expect(fetch.mock.calls[0][0]).toContain(`${BASE}/v1/`);
    });
  });

  it('sends one request for the same entity from several cards', async () => {
    const fetch = jest.fn().mockResolvedValue(json(inOrder));
    const client = clientOf(fetch);

    const [one, other] = await Promise.all([
      client.getStatus(BOT),
      client.getStatus(BOT),
    ]);

    expect(fetch).toHaveBeenCalledTimes(1);
    expect(one).toEqual(other);
  });

  it('does not take the answer to a plain request for a refresh', async () => {
    const fetch = jest.fn().mockImplementation(async () => json(inOrder));
    const client = clientOf(fetch);

    await Promise.all([
      client.getStatus(BOT),
      client.getStatus(BOT, { refresh: true }),
    ]);

    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('counts the age from the Age header, on this browser’s clock', async () => {
    const fetch = jest.fn().mockResolvedValue(json(inOrder, { age: '12' }));

    await expect(clientOf(fetch).getStatus(BOT)).resolves.toMatchObject({
      observedAt: NOW - 12_000,
    });
  });

  it('counts the age from the time in the answer where the header is hidden', async () => {
    const fetch = jest.fn().mockResolvedValue(json(inOrder));

    await expect(clientOf(fetch).getStatus(BOT)).resolves.toMatchObject({
      observedAt: Date.parse(inOrder.freshness.observedAt!),
    });
  });

  it('gives no age to facts that were never had', async () => {
    const status = {
      ...inOrder,
      freshness: { ...inOrder.freshness, observedAt: null },
    };
    const fetch = jest.fn().mockResolvedValue(json(status, { age: '0' }));

    expect((await clientOf(fetch).getStatus(BOT)).observedAt).toBeUndefined();
  });

  it('asks for many entities a thousand at a time and keeps their order', async () => {
    const refs = Array.from(
      { length: 2001 },
      (_, index) => `component:default/c${index}`,
    );
    const fetch = jest.fn().mockImplementation(async (_url, { body }) =>
      json(
        {
          items: JSON.parse(body).entityRefs.map((entityRef: string) => ({
            entityRef,
            status: { ...inOrder, entityRef },
          })),
        },
        { age: String(fetch.mock.calls.length) },
      ),
    );

    const { value, observedAt } = await clientOf(fetch).getStatuses(refs);

    expect(fetch).toHaveBeenCalledTimes(3);
    expect(value.map(item => item.entityRef)).toEqual(refs);
    expect(observedAt).toBe(NOW - 3_000);
  });

  it('counts the age of many from the oldest of them where the header is hidden', async () => {
    const older = '2026-03-10T11:00:00Z';
    const items = [
      { entityRef: BOT, status: inOrder },
      {
        entityRef: `${BOT}2`,
        status: {
          ...inOrder,
          freshness: { ...inOrder.freshness, observedAt: older },
        },
      },
      { entityRef: `${BOT}3`, problem: { type: 'x', title: 'y', status: 404 } },
    ];
    const fetch = jest.fn().mockResolvedValue(json({ items }));
    const refs = items.map(item => item.entityRef);

    expect((await clientOf(fetch).getStatuses(refs)).observedAt).toBe(
      Date.parse(older),
    );
  });

  it('makes no request about no entities', async () => {
    const fetch = jest.fn();

    await expect(clientOf(fetch).getStatuses([])).resolves.toEqual({
      value: [],
      observedAt: undefined,
    });
    expect(fetch).not.toHaveBeenCalled();
  });

  it('refuses an answer that is not one item a reference', async () => {
    const fetch = jest.fn().mockResolvedValue(json({ items: [] }));

    await expect(clientOf(fetch).getStatuses([BOT])).rejects.toMatchObject({
      kind: 'contract',
    });
  });

  it('asks for the worst of many, and keeps the order of the answer', async () => {
    const other = 'component:default/other';
    const items = [
      { entityRef: other, status: { ...inOrder, entityRef: other } },
    ];
    const fetch = jest
      .fn()
      .mockResolvedValue(json({ items, states: { ok: 1, error: 1 } }));

    await expect(
      clientOf(fetch).getWorst([BOT, 'Component:Default/Other'], 1),
    ).resolves.toMatchObject({ value: { items, states: { ok: 1, error: 1 } } });
    expect(JSON.parse(fetch.mock.calls[0][1].body)).toEqual({
      entityRefs: [BOT, other],
      worst: 1,
    });
  });

  it('asks for spend by its period, and for the platform', async () => {
    const fetch = jest.fn().mockRejectedValue(new TypeError('Failed to fetch'));
    const client = clientOf(fetch);

    await Promise.allSettled([
      client.getSpend(BOT, 7),
      client.getCoverage(30),
      client.getPlatform(),
    ]);

    expect(fetch.mock.calls.map(([url]) => url)).toEqual([
      `${BASE}/v1/entities/component/default/customer-support-bot/spend?days=7`,
      `${BASE}/v1/coverage?days=30`,
      `${BASE}/v1/gateway`,
    ]);
  });

  it('says that Backstage was not reached when the request cannot be sent', async () => {
    const fetch = jest.fn().mockRejectedValue(new TypeError('Failed to fetch'));

    await expect(clientOf(fetch).getStatus(BOT)).rejects.toMatchObject({
      kind: 'unreachable',
      part: 'backstage',
    });
  });

  it('says that the sign-in has ended where it fails before the request leaves', async () => {
    const fetch = jest
      .fn()
      .mockRejectedValue(new Error('No session available'));

    await expect(clientOf(fetch).getStatus(BOT)).rejects.toMatchObject({
      kind: 'signed-out',
    });
  });

  it('gives up an answer that takes too long', async () => {
    await expect(
      clientOf(silent() as jest.Mock, 1).getStatus(BOT),
    ).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'no answer within 0.001 s',
    });
  });

  it('does not wait for a wrapper of fetch that forgets its signal', async () => {
    const fetch = jest.fn().mockReturnValueOnce(new Promise(() => {}));
    const client = clientOf(fetch, 1);

    await expect(client.getStatus(BOT)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    fetch.mockResolvedValue(json(inOrder));
    await expect(client.getStatus(BOT)).resolves.toMatchObject({
      value: inOrder,
    });
  });

  it.each([
    ['no JSON', () => new Response('sign in')],
    ['no object', () => json(null)],
    ['an object without what it needs', () => json({ entityRef: BOT })],
  ])('calls %s a breach of the contract', async (_, reply) => {
    await expect(
      clientOf(jest.fn().mockResolvedValue(reply())).getStatus(BOT),
    ).rejects.toMatchObject({ kind: 'contract' });
  });

  it('throws the error that a problem is', async () => {
    const problem = {
      type: 'urn:keeptrusts-bff:not-found',
      title: 'Nothing is here for you',
      status: 404,
    };
    const reply = new Response(JSON.stringify(problem), {
      status: 404,
      headers: { 'content-type': 'application/problem+json' },
    });

    await expect(
      clientOf(jest.fn().mockResolvedValue(reply)).getStatus(BOT),
    ).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'Nothing is here for you',
    });
  });

  it('takes a web page in place of JSON for a sign-in page and not for another version', async () => {
    const page = new Response('<!DOCTYPE html><title>Sign in</title>', {
      headers: { 'content-type': 'text/html' },
    });

    await expect(
      clientOf(jest.fn().mockResolvedValue(page)).getStatus(BOT),
    ).rejects.toMatchObject({ kind: 'web-page' });
  });

  it('says which member of an answer has another form', async () => {
    const odd = { ...inOrder, findings: [{ code: 'x', severity: 'error' }] };

    await expect(
      clientOf(jest.fn().mockResolvedValue(json(odd))).getStatus(BOT),
    ).rejects.toMatchObject({
      kind: 'contract',
      detail: 'findings[0].message is not a string.',
    });
  });

  it.each([
    ['without findings', { ...inOrder, findings: undefined }],
    ['without freshness', { ...inOrder, freshness: undefined }],
    ['with a budget of another form', { ...inOrder, budget: {} }],
  ])('keeps the other items where one is %s', async (_, status) => {
    const items = [
      { entityRef: BOT, status: inOrder },
      { entityRef: `${BOT}2`, status },
      null,
    ];
    const fetch = jest.fn().mockResolvedValue(json({ items }));

    const { value } = await clientOf(fetch).getStatuses([
      BOT,
      `${BOT}2`,
      `${BOT}3`,
    ]);

    expect(value[0].status).toEqual(inOrder);
    expect(value.slice(1)).toEqual([
      expect.objectContaining({
        entityRef: `${BOT}2`,
        problem: expect.objectContaining({
          detail: expect.stringContaining(`about ${BOT}2`),
        }),
      }),
      expect.objectContaining({ entityRef: `${BOT}3` }),
    ]);
  });

  it('keeps the others of the worst where one is without findings', async () => {
    const items = [
      { entityRef: BOT, status: { ...inOrder, findings: undefined } },
      { entityRef: `${BOT}2`, status: { ...inOrder, entityRef: `${BOT}2` } },
    ];
    const fetch = jest.fn().mockResolvedValue(json({ items, states: {} }));

    const { value } = await clientOf(fetch).getWorst([BOT, `${BOT}2`], 2);

    expect(value.items).toEqual([
      { entityRef: BOT, problem: expect.objectContaining({ status: 502 }) },
      items[1],
    ]);
  });

  it('does not show the answer about one entity as that of another', async () => {
    const items = [{ entityRef: `${BOT}9`, status: inOrder }];
    const fetch = jest.fn().mockResolvedValue(json({ items }));

    const { value } = await clientOf(fetch).getStatuses([BOT]);

    expect(value[0]).toMatchObject({
      entityRef: BOT,
      problem: { detail: expect.stringContaining(`it is about ${BOT}9`) },
    });
  });

  it('writes the references of a batch as the service compares them', async () => {
    const fetch = jest
      .fn()
      .mockResolvedValue(
        json({ items: [{ entityRef: BOT, status: inOrder }] }),
      );

    await clientOf(fetch).getStatuses([
      'Component:Default/Customer-Support-Bot',
    ]);

    expect(JSON.parse(fetch.mock.calls[0][1].body)).toEqual({
      entityRefs: [BOT],
    });
  });

  it('knows how far this browser’s clock is ahead of the service’s', async () => {
    const observedAt = new Date(NOW - 3_600_000 - 12_000).toISOString();
    const status = {
      ...inOrder,
      freshness: { ...inOrder.freshness, observedAt },
    };
    const fetch = jest.fn().mockResolvedValue(json(status, { age: '12' }));

    await expect(clientOf(fetch).getStatus(BOT)).resolves.toMatchObject({
      observedAt: NOW - 12_000,
      clockAheadMs: 3_600_000,
    });
  });

  it('ends a request that is not waited for any more', async () => {
    const fetch = silent();
    const left = new AbortController();
    const answer = clientOf(fetch as jest.Mock).getStatus(BOT, {
      signal: left.signal,
    });
    // The address of the proxy is looked up first.
    await Promise.resolve().then(() => undefined);

    left.abort();

    await expect(answer).rejects.toBe(left.signal.reason);
    expect(fetch.mock.calls[0][1].signal!.aborted).toBe(true);
  });
});
