import { createFrontendFeatureLoader, FrontendFeature } from '@backstage/frontend-plugin-api';
import { loadModuleFederationHostShared } from '@backstage/module-federation-common';
import { createInstance } from '@module-federation/runtime';

/** What the backend says of a plugin in its folder of dynamic plugins. */
interface Remote {
  packageName: string;
  remoteInfo: { name: string; entry: string };
  exposedModules: string[];
}

const REMOTES = '/.backstage/dynamic-features/remotes';

/**
 * Loads the plugins that the backend has in its folder of dynamic plugins, as a host of dynamic plugins does it: it shares what
 * Backstage's CLI shares, and takes the default exports that are features.
 */
export const dynamicFeatures = createFrontendFeatureLoader({
  async loader() {
    const found: Remote[] = await (await fetch(REMOTES)).json();
    const host = createInstance({
      name: 'app',
      shared: await loadModuleFederationHostShared(),
      remotes: found.map(it => ({ alias: it.packageName, ...it.remoteInfo })),
    });
    const modules = await Promise.all(
      found
        // The other names are for apps of the old frontend system, or other names of the same.
        .filter(it => it.exposedModules.includes('.'))
        .map(it => host.loadRemote<{ default?: unknown }>(it.remoteInfo.name)),
    );
    return modules.flatMap(it => (isFeature(it?.default) ? [it.default] : []));
  },
});

const isFeature = (value: unknown): value is FrontendFeature =>
  ['@backstage/FrontendPlugin', '@backstage/FrontendModule'].includes(
    (value as { $$type?: string } | undefined)?.$$type ?? '',
  );
