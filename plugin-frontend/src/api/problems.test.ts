import { UnreachableError } from './errors';
import { errorOf } from './problems';

const reply = (
  status: number,
  type?: string,
  headers: Record<string, string> = {},
) =>
  new Response(
    type &&
      JSON.stringify({
        type: `urn:keeptrusts-bff:${type}`,
        title: 'A title',
        status,
        detail: 'What is the case.',
        instance: 'urn:request:req-1',
      }),
    {
      status,
      headers: {
        ...(type ? { 'content-type': 'application/problem+json' } : {}),
        ...headers,
      },
    },
  );

describe('errorOf', () => {
  it.each([
    [401, 'unauthenticated', 'not-permitted'],
    [403, 'forbidden', 'not-permitted'],
    [404, 'not-found', 'not-found'],
    [502, 'catalog-contract', 'contract'],
    [503, 'upstream-unavailable', 'unreachable'],
    [500, 'internal', 'service'],
    [422, 'invalid', 'service'],
    [418, 'toString', 'service'],
  ])('takes %d %s for %s', async (status, type, kind) => {
    await expect(errorOf(reply(status, type))).resolves.toMatchObject({
      kind,
      status,
      detail: 'What is the case.',
      requestId: 'req-1',
    });
  });

  it.each([
    ['upstream-unavailable', 'keeptrusts'],
    ['catalog-unavailable', 'catalog'],
    ['identity-unavailable', 'identity'],
    ['draining', 'service'],
  ])('tells what cannot be reached: %s is the %s', async (type, part) => {
    await expect(errorOf(reply(503, type))).resolves.toMatchObject({
      kind: 'unreachable',
      part,
    });
  });

  it.each([
    [401, 'not-permitted'],
    [404, 'not-configured'],
    [502, 'unreachable'],
    [504, 'unreachable'],
    [500, 'service'],
  ])('takes %d from Backstage itself for %s', async (status, kind) => {
    await expect(errorOf(reply(status))).resolves.toMatchObject({ kind });
  });

  it('names the address at which the proxy has nothing', async () => {
    const absent = reply(404);
    Object.defineProperty(absent, 'url', {
      value: 'http://backstage/api/proxy/platform/ai/v1/gateway?x',
    });

    await expect(errorOf(absent)).resolves.toMatchObject({
      detail:
        'Backstage has no proxy endpoint at /api/proxy/platform/ai/v1/gateway',
    });
  });

  it('knows after how many seconds to ask again', async () => {
    const error = await errorOf(
      reply(503, 'upstream-unavailable', { 'retry-after': '7' }),
    );

    expect((error as UnreachableError).retryAfter).toBe(7);
  });

  it.each(['soon', '-1', 'Wed, 21 Oct 2015 07:28:00 GMT'])(
    'leaves out a Retry-After of %s',
    async value => {
      const error = await errorOf(
        reply(503, 'upstream-unavailable', { 'retry-after': value }),
      );

      expect((error as UnreachableError).retryAfter).toBeUndefined();
    },
  );

  it('does not take a body for a problem that is none', async () => {
    const odd = new Response('<html>', {
      status: 502,
      headers: { 'content-type': 'application/problem+json' },
    });

    await expect(errorOf(odd)).resolves.toMatchObject({ kind: 'unreachable' });
  });
});
