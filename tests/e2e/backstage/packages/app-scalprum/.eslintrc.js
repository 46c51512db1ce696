module.exports = require('@backstage/cli/config/eslint-factory')(__dirname, {
  rules: {
    // The apps of the tests share their sign-in and home page by files: neither is a package that anything else takes.
    '@backstage/no-relative-monorepo-imports': 'off',
  },
  tsRules: {
    // A file shows what it exports first; what follows is defined before anything is called.
    '@typescript-eslint/no-use-before-define': ['error', { functions: false, variables: false }],
  },
});
