import * as coreAppApi from '@backstage/core-app-api';
import * as corePluginApi from '@backstage/core-plugin-api';
import * as frontendPluginApi from '@backstage/frontend-plugin-api';
import * as versionBridge from '@backstage/version-bridge';
import * as coreStyles from '@material-ui/core/styles';
import * as styles from '@material-ui/styles';
import * as react from 'react';
import * as reactDom from 'react-dom';
import * as reactRouter from 'react-router';
import * as reactRouterDom from 'react-router-dom';

/** A module as the share scope of module federation holds it: `loaded`, so that a remote takes it in place of its own. */
interface Shared {
  get: () => Promise<() => unknown>;
  from: string;
  loaded: true;
}

/** Where the builder, and Scalprum with it, looks for the share scopes of the app. */
declare let __webpack_share_scopes__: Record<string, Record<string, Record<string, Shared>>>;

// What Red Hat Developer Hub 1.x shares of what the plugin uses.
const MODULES = {
  '@backstage/core-app-api': coreAppApi,
  '@backstage/core-plugin-api': corePluginApi,
  '@backstage/frontend-plugin-api': frontendPluginApi,
  '@backstage/version-bridge': versionBridge,
  '@material-ui/core/styles': coreStyles,
  '@material-ui/styles': styles,
  react,
  'react-dom': reactDom,
  'react-router': reactRouter,
  'react-router-dom': reactRouterDom,
};

/** Shares the app's own copies with remotes. Call it before Scalprum is initialized. */
export function shareModules() {
  const modules = Object.entries(MODULES).map(([name, module]) => [
    name,
    // Remotes take any version.
    { '0.0.0': { get: async () => () => module, from: 'app', loaded: true } },
  ]);
  // An app that is built without module federation has none.
  __webpack_share_scopes__ = { default: Object.fromEntries(modules) };
}
