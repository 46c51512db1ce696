/** What a folder of `src` may import, besides itself: an arrow points down this list only. */
const LAYERS = {
  api: [],
  domain: ['api'],
  translations: ['domain', 'api'],
  ui: ['translations', 'domain', 'api'],
  features: ['ui', 'translations', 'domain', 'api'],
};
const ENTRIES = ['alpha', 'legacy'];
const FEATURES = ['status', 'spend', 'overview', 'platform'];
const LOWEST_FIRST = Object.keys(LAYERS);

const zones = [
  ...LOWEST_FIRST.map(layer => ({
    target: `./src/${layer}/**/!(*.test|fixtures).{ts,tsx}`,
    from: [...LOWEST_FIRST, ...ENTRIES]
      .filter(it => it !== layer && !LAYERS[layer].includes(it))
      .map(it => `./src/${it}`),
    message: `src/${layer} may import from ${LAYERS[layer].join(', ') || 'itself'} alone.`,
  })),
  ...FEATURES.map(feature => ({
    target: `./src/features/${feature}/**/*`,
    from: FEATURES.filter(it => it !== feature).map(
      it => `./src/features/${it}`,
    ),
    message: 'A feature imports no other feature: what two need belongs to src/ui or src/domain.',
  })),
];

module.exports = require('@backstage/cli/config/eslint-factory')(__dirname, {
  settings: {
    'import/resolver': { node: { extensions: ['.ts', '.tsx', '.js', '.json'] } },
  },
  tsRules: {
    // A file shows what it exports first; what follows is defined before anything is called.
    '@typescript-eslint/no-use-before-define': ['error', { functions: false, variables: false }],
    'import/no-restricted-paths': ['error', { basePath: __dirname, zones }],
  },
});
