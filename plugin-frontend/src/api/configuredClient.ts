import { ConfigApi, DiscoveryApi, FetchApi } from '@backstage/core-plugin-api';
import { KeeptrustsClient } from './KeeptrustsClient';

/** No dots at the beginning of a part: `..` would lead out of the proxy. */
const PROXY_PATH = /^(\/[\w-][\w.-]*)+$/;

/** The client of both frontend systems, as the app's configuration has it; throws when that is wrong. */
export function configuredClient(deps: {
  configApi: ConfigApi;
  discoveryApi: DiscoveryApi;
  fetchApi: FetchApi;
}): KeeptrustsClient {
  const { configApi, discoveryApi, fetchApi } = deps;
  const proxyPath = configApi.getOptionalString('keeptrusts.proxyPath');
  if (proxyPath !== undefined && !PROXY_PATH.test(proxyPath))
    throw new Error(
      `keeptrusts.proxyPath is '${proxyPath}': it must be a key of proxy.endpoints, such as '/keeptrusts', with a slash at its beginning and none at its end`,
    );
  return new KeeptrustsClient({ discoveryApi, fetchApi, proxyPath });
}
