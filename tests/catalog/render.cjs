// A template's steps and outputs as the scaffolder renders them, with its own engine and filters.
// Usage: node render.cjs TEMPLATE   For each context, a line of JSON, it prints a line {"steps": [...], "output": {...}}.
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const folder = path.dirname(require.resolve('@backstage/plugin-scaffolder-backend/package.json'));
const inside = createRequire(path.join(folder, 'package.json'));
const { createTemplateRenderer } = inside('nunjitsu');
const yaml = inside('yaml');
// The package exports neither; the lock file pins the version that has them here.
const createDefaultFilters = inside(path.join(folder, 'dist/lib/templating/filters/createDefaultFilters.cjs.js'));
const templating = inside(path.join(folder, 'dist/util/templating.cjs.js'));

const { filters } = templating.collectTemplateCapabilities({
  filters: templating.convertFiltersToRecord(createDefaultFilters.createDefaultFilters({ integrations: undefined })),
});
const renderer = createTemplateRenderer({ allowRegexExecution: true, filters });

const { steps, output } = yaml.parse(fs.readFileSync(process.argv[2], 'utf8')).spec;

require('node:readline')
  .createInterface({ input: process.stdin })
  .on('line', line => {
    const context = renderer.prepareContext(JSON.parse(line));
    // As NunjucksWorkflowRunner does it: every string, and a sole expression keeps its type.
    const rendered = JSON.stringify({ steps, output }, (_, value) =>
      typeof value === 'string' ? renderer.renderValue(value, context) : value,
    );
    process.stdout.write(`${rendered}\n`);
  });
