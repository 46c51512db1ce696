import '@backstage/ui/css/styles.css';
import { preloadModule } from '@scalprum/core';
import { ScalprumProvider } from '@scalprum/react-core';
import { lazy, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { createLegacyApp } from '../../app-legacy/src/createLegacyApp';
import type { Plugin } from '../../app-legacy/src/entityPage';
import { shareModules } from './shared';

const NAME = 'backstage-plugin-keeptrusts';
/** Where a test has put the plugin's bundle. */
const BUNDLE = '/static/scalprum';

shareModules();

/** An app of the old frontend system whose plugin is the module that Scalprum has loaded. */
const App = lazy(async () => {
  const plugin = (await preloadModule(NAME, 'PluginRoot')) as unknown as Plugin;
  const Root = createLegacyApp(plugin);
  return { default: () => <Root /> };
});

createRoot(document.getElementById('root')!).render(
  <ScalprumProvider
    config={{ [NAME]: { name: NAME, manifestLocation: `${BUNDLE}/plugin-manifest.json` } }}
    pluginSDKOptions={{
      pluginLoaderOptions: {
        transformPluginManifest: manifest => ({
          ...manifest,
          loadScripts: manifest.loadScripts.map(script => `${BUNDLE}/${script}`),
        }),
      },
    }}
  >
    <Suspense fallback={null}>
      <App />
    </Suspense>
  </ScalprumProvider>,
);
