import { createBackendModule } from '@backstage/backend-plugin-api';
import { InputError } from '@backstage/errors';
import {
  authProvidersExtensionPoint,
  createProxyAuthenticator,
  createProxyAuthProviderFactory,
} from '@backstage/plugin-auth-node';

const HEADER = 'x-test-user';

const authenticator = createProxyAuthenticator({
  defaultProfileTransform: async ({ name }: { name: string }) => ({ profile: { displayName: name } }),
  initialize() {},
  async authenticate({ req }) {
    const name = req.header(HEADER);
    if (!name) throw new InputError(`The test-user provider needs the name of a catalog user in the header ${HEADER}`);
    return { result: { name } };
  },
});

/**
 * Signs in the user whom the request names, without a proof: `GET /api/auth/test-user/refresh` with the header `x-test-user: alice`.
 *
 * It lets a test be several people. It has no place in any Backstage but this one, which listens on loopback only.
 * The user must be in the catalog; the groups of the token are those of its entity.
 */
export const testUser = createBackendModule({
  pluginId: 'auth',
  moduleId: 'test-user-provider',
  register(env) {
    env.registerInit({
      deps: { providers: authProvidersExtensionPoint },
      async init({ providers }) {
        providers.registerProvider({
          providerId: 'test-user',
          factory: createProxyAuthProviderFactory({
            authenticator,
            signInResolver: ({ result }, ctx) => ctx.signInWithCatalogUser({ entityRef: { name: result.name } }),
          }),
        });
      },
    });
  },
});
