import { ConfigApi, DiscoveryApi, FetchApi } from '@backstage/core-plugin-api';
import { KeeptrustsApi } from './KeeptrustsApi';
import type { KeeptrustsClient } from './KeeptrustsClient';

/** No dots at the beginning of a part: `..` would lead out of the proxy. */
const PROXY_PATH = /^(\/[\w-][\w.-]*)+$/;

/**
 * The client of both frontend systems, as the app's configuration has it; throws when that is wrong. Every page of the app
 * loads this, so the client itself is loaded when it is first asked; where that fails a method rejects with the bundler's
 * error, as the loading of a view does.
 */
export function configuredClient(deps: {
  configApi: ConfigApi;
  discoveryApi: DiscoveryApi;
  fetchApi: FetchApi;
}): KeeptrustsApi {
  const { configApi, discoveryApi, fetchApi } = deps;
  const proxyPath = configApi.getOptionalString('keeptrusts.proxyPath');
  if (proxyPath !== undefined && !PROXY_PATH.test(proxyPath))
    throw new Error(
      `keeptrusts.proxyPath is '${proxyPath}': it must be a key of proxy.endpoints, such as '/keeptrusts', with a slash at its beginning and none at its end`,
    );
  let loading: Promise<KeeptrustsClient> | undefined;
  const client = () => {
    loading ??= import('./KeeptrustsClient').then(
      m => new m.KeeptrustsClient({ discoveryApi, fetchApi, proxyPath }),
      cause => {
        // The next question tries again.
        loading = undefined;
        throw cause;
      },
    );
    return loading;
  };
  return {
    getStatus: async (...asked) => (await client()).getStatus(...asked),
    getStatuses: async (...asked) => (await client()).getStatuses(...asked),
    getWorst: async (...asked) => (await client()).getWorst(...asked),
    getSpend: async (...asked) => (await client()).getSpend(...asked),
    getRollUp: async (...asked) => (await client()).getRollUp(...asked),
    exportSpend: async (...asked) => (await client()).exportSpend(...asked),
    exportRollUp: async (...asked) => (await client()).exportRollUp(...asked),
    getCoverage: async (...asked) => (await client()).getCoverage(...asked),
    getPlatform: async (...asked) => (await client()).getPlatform(...asked),
  };
}
