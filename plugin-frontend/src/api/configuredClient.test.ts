import { mockApis } from '@backstage/test-utils';
import { inOrder } from '../fixtures/statuses';
import { configuredClient } from './configuredClient';

const ENTITY = 'component:default/customer-support-bot';

function clientOf(keeptrusts?: { proxyPath: string }) {
  const asked: string[] = [];
  const client = configuredClient({
    configApi: mockApis.config({ data: keeptrusts ? { keeptrusts } : {} }),
    discoveryApi: mockApis.discovery({ baseUrl: 'http://backstage' }),
    fetchApi: {
      fetch: async input => {
        asked.push(String(input));
        return Response.json(inOrder);
      },
    },
  });
  return { client, asked };
}

describe('configuredClient', () => {
  it.each([
    [undefined, 'http://backstage/api/proxy/keeptrusts/v1/'],
    [
      '/platform/keeptrusts',
      'http://backstage/api/proxy/platform/keeptrusts/v1/',
    ],
  ])('with the proxy path %s it asks at %s', async (proxyPath, address) => {
    const { client, asked } = clientOf(proxyPath ? { proxyPath } : undefined);
    await client.getStatus(ENTITY);
    expect(asked).toHaveLength(1);
    expect(asked[0].startsWith(address)).toBe(true);
  });

  it.each([
    'keeptrusts',
    '/keeptrusts/',
    '/../catalog',
    '/a b',
    'https://elsewhere',
  ])('refuses the proxy path %s by its name', proxyPath => {
    expect(() => clientOf({ proxyPath })).toThrow(
      `keeptrusts.proxyPath is '${proxyPath}'`,
    );
  });
});
