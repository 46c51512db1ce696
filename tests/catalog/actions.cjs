// Backstage's own packages over the list of actions that this service answers with, which stands in standard input.
// Prints what each of them makes of it, as one JSON object.
const http = require('node:http');
const path = require('node:path');
const { ConfigReader } = require('@backstage/config');
const express = require('express');
const { Validator } = require('jsonschema');
const { ToolSchema } = require('@modelcontextprotocol/sdk/types.js');

// Neither package exports these.
const inside = (name, file) => require(path.join(path.dirname(require.resolve(`${name}/package.json`)), 'dist', file));
const actions = 'alpha/entrypoints';
const { DefaultActionsService } = inside('@backstage/backend-defaults', `${actions}/actions/DefaultActionsService.cjs.js`);
const { DefaultActionsRegistryService } = inside(
  '@backstage/backend-defaults',
  `${actions}/actionsRegistry/DefaultActionsRegistryService.cjs.js`,
);
const { McpService } = inside('@backstage/plugin-mcp-actions-backend', 'services/McpService.cjs.js');
const { DefaultTemplateActionRegistry } = inside(
  '@backstage/plugin-scaffolder-backend',
  'scaffolder/actions/TemplateActionRegistry.cjs.js',
);

const logger = { warnings: [], warn(message) { this.warnings.push(String(message)); }, info() {}, error() {}, debug() {} };

async function served(app, use) {
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function client(url) {
  return DefaultActionsService.create({
    discovery: { getBaseUrl: async () => url },
    config: new ConfigReader({ backend: { actions: { pluginSources: ['keeptrusts'] } } }),
    logger,
    auth: { getPluginRequestToken: async () => ({ token: 'token' }) },
  });
}

// What Backstage itself answers for an action of its own.
async function itsOwn() {
  const registry = DefaultActionsRegistryService.create({
    httpAuth: { credentials: async () => ({}) },
    logger,
    auth: {},
    config: new ConfigReader({}),
    metadata: { getId: () => 'keeptrusts' },
    permissions: {},
    permissionsRegistry: {},
  });
  registry.register({
    name: 'own',
    title: 'Own',
    description: 'Own',
    attributes: { readOnly: true, destructive: false, idempotent: true },
    schema: { input: z => z.object({ entityRef: z.string() }), output: z => z.object({ allowed: z.boolean() }) },
    action: async () => ({ output: { allowed: true } }),
  });
  return served(express().use(registry.createRouter()), async url => (await client(url).list({ credentials: {} })).actions[0]);
}

async function main() {
  let text = '';
  for await (const chunk of process.stdin) {
    text += chunk;
  }
  const source = (request, response) => response.setHeader('content-type', 'application/json').end(text);
  const found = await served(source, async url => {
    const service = client(url);
    const listed = (await service.list({ credentials: {} })).actions;
    const steps = await new DefaultTemplateActionRegistry(service, logger).list({ credentials: {} });
    return { listed, steps: [...steps.values()].map(({ id, supportsDryRun }) => ({ id, supportsDryRun })) };
  });
  const validator = new Validator();
  const toolName = action => McpService.prototype.getToolName.call({ namespacedToolNames: true }, action);
  console.log(
    JSON.stringify({
      own: await itsOwn(),
      listed: found.listed,
      steps: found.steps,
      tools: found.listed.map(
        action => ToolSchema.safeParse({ name: action.name, description: action.description, inputSchema: action.schema.input }).success,
      ),
      names: found.listed.map(toolName),
      // As the scaffolder validates the input of a step.
      accepts: found.listed.map(({ name, schema }) => [name, validator.validate({ entityRef: 'component:default/bot' }, schema.input).valid]),
      refuses: found.listed.map(({ name, schema }) => [name, validator.validate({ entityRef: 7 }, schema.input).valid]),
      warnings: logger.warnings,
    }),
  );
}

main();
