module.exports = require('@backstage/cli/config/eslint-factory')(__dirname, {
  rules: {
    // A file shows what it exports first; functions are hoisted, so their order is for the reader.
    '@typescript-eslint/no-use-before-define': ['error', { functions: false }],
  },
});
