import { mockApis } from '@backstage/test-utils';
import { inOrder } from '../fixtures/statuses';
import { configuredClient } from './configuredClient';

const ENTITY = 'component:default/customer-support-bot';

interface Configured {
  proxyPath?: string;
  instances?: Record<string, string>;
}

function clientOf(keeptrusts?: Configured) {
  const asked: string[] = [];
  const client = configuredClient({
    configApi: mockApis.config({
      data: keeptrusts ? { keeptrusts: { ...keeptrusts } } : {},
    }),
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
    ['staging', 'http://backstage/api/proxy/keeptrusts-staging/v1/'],
    [undefined, 'http://backstage/api/proxy/keeptrusts/v1/'],
  ])(
    'asks about an entity of the instance %s at %s',
    async (instance, address) => {
      const { client, asked } = clientOf({
        instances: { staging: '/keeptrusts-staging' },
      });
      await client.getStatus(ENTITY, { instance });
      expect(asked).toHaveLength(1);
      expect(asked[0].startsWith(address)).toBe(true);
    },
  );

  it('takes a configuration of no instances for none', async () => {
    const { client, asked } = clientOf({ instances: {} });
    await client.getStatus(ENTITY, { instance: 'staging' });
    expect(asked).toHaveLength(1);
  });

  it.each(['Staging', 'a_b', '-a', 'a'.repeat(64)])(
    'refuses the instance %s by its name',
    name => {
      expect(() => clientOf({ instances: { [name]: '/k' } })).toThrow(
        `keeptrusts.instances has '${name}'`,
      );
    },
  );

  it('refuses the proxy path of an instance by its name', () => {
    expect(() => clientOf({ instances: { staging: '/../k' } })).toThrow(
      "keeptrusts.instances.staging is '/../k'",
    );
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
