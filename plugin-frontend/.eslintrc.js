module.exports = require('@backstage/cli/config/eslint-factory')(__dirname, {
  tsRules: {
    // A file shows what it exports first; what follows is defined before anything is called.
    '@typescript-eslint/no-use-before-define': ['error', { functions: false, variables: false }],
  },
});
