// Backstage's own validators over catalog files: what they refuse, the catalog would refuse.
// Usage: node validate.cjs FILE...   One line a refusal, `file: entity: message`; exit code 1 when there is any.
const fs = require('node:fs');
const yaml = require('yaml');
const model = require('@backstage/catalog-model');
const scaffolder = require('@backstage/plugin-scaffolder-common');

const validators = [
  model.apiEntityV1alpha1Validator,
  model.componentEntityV1alpha1Validator,
  model.domainEntityV1alpha1Validator,
  model.groupEntityV1alpha1Validator,
  model.locationEntityV1alpha1Validator,
  model.resourceEntityV1alpha1Validator,
  model.systemEntityV1alpha1Validator,
  model.userEntityV1alpha1Validator,
  scaffolder.templateEntityV1beta3Validator,
];

async function refusals(entity) {
  try {
    // The envelope and the names as the catalog checks them before anything of a kind.
    model.entitySchemaValidator()(entity);
    await new model.NoForeignRootFieldsEntityPolicy().enforce(entity);
    await new model.SchemaValidEntityPolicy().enforce(entity);
    await new model.FieldFormatEntityPolicy().enforce(entity);
    for (const validator of validators) {
      if (await validator.check(entity)) {
        return [];
      }
    }
    return [`no validator knows ${entity.apiVersion} ${entity.kind}`];
  } catch (error) {
    return [error.message];
  }
}

// The line of the member that a refusal names, as /spec/owner or "metadata.name", or of the nearest one above it.
function lineOf(document, lines, message) {
  const named = /\/[\w./~-]+|"[a-z]+(?:\.[\w-]+)+"/i.exec(message);
  const path = named ? named[0].replaceAll('"', '').split(/[/.]/).filter(Boolean) : [];
  for (; path.length; path.pop()) {
    const node = document.getIn(path, true);
    if (node && node.range) {
      return lines.linePos(node.range[0]).line;
    }
  }
  return lines.linePos(document.contents.range[0]).line;
}

async function main(files) {
  let refused = 0;
  for (const file of files) {
    const lines = new yaml.LineCounter();
    for (const document of yaml.parseAllDocuments(fs.readFileSync(file, 'utf8'), { lineCounter: lines })) {
      const entity = document.errors.length ? undefined : document.toJS();
      if (document.errors.length) {
        refused += 1;
        const [error] = document.errors;
        console.log(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`);
      } else if (entity && entity.apiVersion && entity.kind) {
        for (const message of await refusals(entity)) {
          refused += 1;
          const line = lineOf(document, lines, message);
          console.log(`${file}:${line}: ${entity.kind} ${entity.metadata && entity.metadata.name}: ${message}`);
        }
      }
    }
  }
  process.exitCode = refused ? 1 : 0;
}

main(process.argv.slice(2));
