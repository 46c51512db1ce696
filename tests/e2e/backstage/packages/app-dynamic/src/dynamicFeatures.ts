import { createFrontendFeatureLoader, FrontendFeature } from '@backstage/frontend-plugin-api';
import { loadModuleFederationHostShared } from '@backstage/module-federation-common';
import { createInstance } from '@module-federation/runtime';

/** What a module federation remote says of itself in its manifest. */
interface Manifest {
  name: string;
  exposes: { name: string }[];
}

const MANIFEST = '/static/dynamic/mf-manifest.json';

/**
 * Loads the plugin of this project from the files of its federated bundle, which a test has put below the app's own, as a
 * host of dynamic plugins does it: it shares what Backstage's CLI shares, and takes the default exports that are features.
 */
export const dynamicFeatures = createFrontendFeatureLoader({
  async loader() {
    const { name, exposes }: Manifest = await (await fetch(MANIFEST)).json();
    const host = createInstance({
      name: 'app',
      shared: await loadModuleFederationHostShared(),
      remotes: [{ name, entry: new URL(MANIFEST, window.location.origin).href }],
    });
    const modules = await Promise.all(
      // The other names are for apps of the old frontend system, or other names of the same.
      exposes.filter(it => it.name === '.').map(() => host.loadRemote<{ default?: unknown }>(name)),
    );
    return modules.flatMap(it => (isFeature(it?.default) ? [it.default] : []));
  },
});

const isFeature = (value: unknown): value is FrontendFeature =>
  ['@backstage/FrontendPlugin', '@backstage/FrontendModule'].includes(
    (value as { $$type?: string } | undefined)?.$$type ?? '',
  );
