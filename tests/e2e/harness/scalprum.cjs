// The plugin as a bundle of Scalprum, which hosts of the old frontend system load at run time.
// Usage: node scalprum.cjs PACKAGE TARGET   PACKAGE is the folder of the unpacked package, beside what it depends on.
const path = require('node:path');
const { DynamicRemotePlugin } = require('@openshift/dynamic-plugin-sdk-webpack');
const webpack = require('webpack');

// One copy for the host and all plugins: what Red Hat Developer Hub 1.x shares of what the plugin uses. Not
// `@backstage/frontend-plugin-api`, which it shares too: that of Backstage 1.45 lacks what the packages in the bundle ask for.
const SHARED = [
  '@backstage/core-app-api',
  '@backstage/core-plugin-api',
  '@backstage/version-bridge',
  '@material-ui/core/styles',
  '@material-ui/styles',
  'react',
  'react-dom',
  'react-router',
  'react-router-dom',
];

const [folder, target] = process.argv.slice(2).map(it => path.resolve(it));
const { name, version, exports: entries } = require(path.join(folder, 'package.json'));

webpack(
  {
    mode: 'production',
    devtool: 'source-map',
    context: folder,
    // The plugin below makes the entry.
    entry: {},
    output: { path: target, publicPath: 'auto', chunkFilename: 'static/[name].[chunkhash:8].js' },
    performance: { hints: false },
    module: {
      rules: [
        { test: /\.m?js$/, resolve: { fullySpecified: false } },
        { test: /\.svg$/, type: 'asset' },
      ],
    },
    plugins: [
      new DynamicRemotePlugin({
        extensions: [],
        sharedModules: Object.fromEntries(SHARED.map(it => [it, { singleton: true, requiredVersion: '*' }])),
        entryScriptFilename: `${name}.[fullhash].js`,
        pluginMetadata: { name, version, exposedModules: { PluginRoot: entries['./legacy'].import } },
      }),
    ],
  },
  (error, stats) => {
    if (error || stats.hasErrors()) {
      process.stderr.write(`${error ?? stats.toString({ all: false, errors: true })}\n`);
      process.exitCode = 1;
    }
  },
);
