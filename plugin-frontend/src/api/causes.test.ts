import { errorOf, errorOfCatalog, errorOfThrown } from './causes';

interface Said {
  status: number;
  body?: string;
  type?: string;
  headers?: Record<string, string>;
  url?: string;
}

const reply = ({ status, body, type, headers = {}, url }: Said) => {
  const made = new Response(body, {
    status,
    headers: { ...(type ? { 'content-type': type } : {}), ...headers },
  });
  if (url) Object.defineProperty(made, 'url', { value: url });
  return made;
};

const problem = (
  status: number,
  type: string,
  headers: Record<string, string> = {},
) =>
  reply({
    status,
    headers,
    type: 'application/problem+json',
    body: JSON.stringify({
      type,
      title: 'A title',
      status,
      detail: 'What is the case.',
      instance: 'urn:request:req-1',
    }),
  });

const ours = (status: number, slug: string, headers?: Record<string, string>) =>
  problem(status, `urn:keeptrusts-bff:${slug}`, headers);

const backstageError = (name: string, statusCode: number) =>
  JSON.stringify({ error: { name, message: '' }, response: { statusCode } });

describe('errorOf', () => {
  it.each([
    [401, 'unauthenticated', 'signed-out'],
    [403, 'forbidden', 'not-permitted'],
    [404, 'not-found', 'not-found'],
    [502, 'catalog-contract', 'contract'],
    [503, 'upstream-unavailable', 'unreachable'],
    [500, 'internal', 'service'],
    [422, 'invalid', 'service'],
    [418, 'toString', 'service'],
  ])('takes the problem %d %s for %s', async (status, slug, kind) => {
    await expect(errorOf(ours(status, slug))).resolves.toMatchObject({
      kind,
      status,
      detail: 'What is the case.',
      requestId: 'req-1',
    });
  });

  it.each([
    [401, 'signed-out'],
    [403, 'not-permitted'],
    [429, 'too-many-requests'],
    [503, 'unreachable'],
    [404, 'service'],
  ])(
    'takes a problem whose type it does not know for what its status %d says: %s',
    async (status, kind) => {
      await expect(
        errorOf(problem(status, 'https://example.com/problems/new')),
      ).resolves.toMatchObject({ kind, detail: 'What is the case.' });
    },
  );

  it.each([
    ['upstream-unavailable', 'keeptrusts'],
    ['catalog-unavailable', 'catalog'],
    ['identity-unavailable', 'identity'],
    ['draining', 'service'],
  ])('says what cannot be reached: %s is the %s', async (slug, part) => {
    await expect(errorOf(ours(503, slug))).resolves.toMatchObject({
      kind: 'unreachable',
      part,
    });
  });

  it.each<[string, Said, string]>([
    [
      'a refused token',
      {
        status: 401,
        type: 'application/json',
        body: backstageError('AuthenticationError', 401),
      },
      'signed-out',
    ],
    ['no endpoint', { status: 404, body: '' }, 'not-configured'],
    [
      'no endpoint, in Backstage’s own words',
      {
        status: 404,
        type: 'application/json',
        body: backstageError('NotFoundError', 404),
      },
      'not-configured',
    ],
    [
      'a target that is another server',
      { status: 404, type: 'text/html', body: '<html>404 Not Found</html>' },
      'wrong-target',
    ],
    [
      'a target that is another API',
      { status: 404, type: 'application/json', body: '{"detail":"Not Found"}' },
      'wrong-target',
    ],
    [
      'a name that cannot be looked up',
      {
        status: 500,
        type: 'text/plain',
        body: 'Error occurred while trying to proxy: backstage/api/proxy/keeptrusts',
      },
      'unreachable',
    ],
    [
      'a target that refuses',
      { status: 504, type: 'text/plain' },
      'unreachable',
    ],
    ['too many requests', { status: 429 }, 'too-many-requests'],
    [
      'a web page of another error',
      { status: 500, type: 'text/html', body: '<!doctype html>' },
      'web-page',
    ],
    ['an error of its own', { status: 500, body: '{}' }, 'service'],
  ])('of Backstage’s proxy takes %s for its cause', async (_, said, kind) => {
    await expect(errorOf(reply(said))).resolves.toMatchObject({ kind });
  });

  it('names the address at which the proxy has nothing', async () => {
    const absent = reply({
      status: 404,
      url: 'http://backstage/api/proxy/platform/ai/v1/gateway?x',
    });

    await expect(errorOf(absent)).resolves.toMatchObject({
      detail:
        'Backstage has no proxy endpoint at /api/proxy/platform/ai/v1/gateway',
    });
  });

  it.each([
    [
      'of the service',
      ours(503, 'upstream-unavailable', { 'retry-after': '7' }),
    ],
    ['of the proxy', reply({ status: 429, headers: { 'retry-after': '7' } })],
    [
      'of a problem whose type it does not know',
      problem(429, 'https://example.com/problems/new', { 'retry-after': '7' }),
    ],
  ])('knows after how many seconds to ask again, %s', async (_, said) => {
    await expect(errorOf(said)).resolves.toMatchObject({ retryAfter: 7 });
  });

  it.each(['soon', '-1', 'Wed, 21 Oct 2015 07:28:00 GMT'])(
    'leaves out a Retry-After of %s',
    async value => {
      const error = await errorOf(
        ours(503, 'upstream-unavailable', { 'retry-after': value }),
      );

      expect(error.retryAfter).toBeUndefined();
    },
  );

  it('does not take a body for a problem that is none', async () => {
    const odd = reply({
      status: 502,
      type: 'application/problem+json',
      body: '<html>',
    });

    await expect(errorOf(odd)).resolves.toMatchObject({ kind: 'unreachable' });
  });
});

const named = (name: string) => Object.assign(new Error('refused'), { name });

describe('errorOfThrown', () => {
  it.each([
    ['a refresh that is answered with 401', { statusCode: 401 }],
    ['a session that does not come', new Error('No session available')],
    ['a login window that was closed', named('PopupRejectedError')],
    ['a login that was refused', named('RejectedError')],
  ])('takes %s for a sign-in that has ended', (_, thrown) => {
    const error =
      thrown instanceof Error ? thrown : Object.assign(new Error(), thrown);

    expect(errorOfThrown(error)).toMatchObject({ kind: 'signed-out' });
  });

  it.each([
    ['the network', new TypeError('Failed to fetch')],
    ['a request that was given up', named('AbortError')],
    [
      'a refresh that is answered with 503',
      Object.assign(new Error(), { statusCode: 503 }),
    ],
    ['a thrown word', 'no'],
  ])('takes %s for Backstage that cannot be reached', (_, thrown) => {
    expect(errorOfThrown(thrown)).toMatchObject({
      kind: 'unreachable',
      part: 'backstage',
    });
  });
});

describe('errorOfCatalog', () => {
  it.each([
    [Object.assign(new Error(), { statusCode: 401 }), 'signed-out'],
    [Object.assign(new Error(), { statusCode: 403 }), 'not-permitted'],
    [Object.assign(new Error(), { statusCode: 429 }), 'too-many-requests'],
    [Object.assign(new Error(), { statusCode: 503 }), 'unreachable'],
    [new TypeError('Failed to fetch'), 'unreachable'],
    [new SyntaxError('<html>'), 'unreachable'],
    [named('PopupRejectedError'), 'signed-out'],
  ])('takes %o for %s', (error, kind) => {
    expect(errorOfCatalog(error)).toMatchObject({ kind });
  });
});
