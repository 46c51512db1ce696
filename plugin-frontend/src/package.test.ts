import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { satisfies } from 'semver';

const PACKAGE = resolve(__dirname, '..');

interface Manifest {
  name: string;
  license?: string | { type: string };
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  exports?: Record<string, string>;
  resolutions?: Record<string, string>;
  version?: string;
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

const own = manifestIn(PACKAGE);

/** Licences under which a dependency may be shipped. */
const LICENCES = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
  'CC0-1.0',
]);

/** The folder of a dependency, as Node.js finds it from the folder of what depends on it. */
function folderOf(name: string, from: string): string {
  const paths = createRequire(join(from, 'package.json')).resolve.paths(name);
  const found = paths
    ?.map(it => join(it, name))
    .find(it => existsSync(join(it, 'package.json')));
  if (!found) throw new Error(`${name} is not installed for ${from}`);
  return found;
}

/** Every package that is shipped with this one, by its folder. */
function shipped(): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  const visit = (folder: string, manifest: Manifest) => {
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      const next = folderOf(name, folder);
      if (found.has(next)) continue;
      found.set(next, manifestIn(next));
      visit(next, found.get(next)!);
    }
  };
  visit(PACKAGE, own);
  return found;
}

const ROOT = dirname(PACKAGE);
const APPS = join(ROOT, 'tests/e2e');
const shared = Object.keys(own.peerDependencies!).filter(it =>
  it.startsWith('@backstage/'),
);

/** The other releases of Backstage that the tests build apps of. */
const OTHERS = Object.fromEntries(
  readdirSync(join(APPS, 'releases'))
    // Others are of hosts that bring nothing of what the plugin needs.
    .filter(release => /^\d+\.\d+$/.test(release))
    .map(release => [release, manifestIn(join(APPS, 'releases', release))]),
);

/** The versions of what Backstage shares, in each release that is supported. */
const RELEASES: Record<string, Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(OTHERS).map(([release, { resolutions }]) => [
      release,
      Object.fromEntries(shared.map(name => [name, resolutions![name]])),
    ]),
  ),
  // The checkout is one of them.
  [JSON.parse(
    readFileSync(join(ROOT, 'backstage.json'), 'utf8'),
  ).version.replace(/\.\d+$/, '')]: Object.fromEntries(
    shared.map(name => [name, manifestIn(folderOf(name, PACKAGE)).version!]),
  ),
};

describe('the package', () => {
  it('ships nothing but under an open-source licence', () => {
    const others = [...shipped().values()]
      .map(({ name, license }) => ({
        name,
        licence: typeof license === 'object' ? license.type : license,
      }))
      .filter(
        ({ licence = '' }) =>
          !licence.split(' AND ').every(part => LICENCES.has(part)),
      );

    expect(others).toEqual([]);
  });

  it('brings no copy of what Backstage shares', () => {
    const copies = [...shipped().values()].filter(({ name }) =>
      name.startsWith('@backstage/'),
    );

    expect(copies).toEqual([]);
  });

  it.each(Object.entries(RELEASES))(
    'takes the packages of Backstage %s',
    (_, versions) => {
      const refused = Object.entries(versions).filter(
        ([name, version]) => !satisfies(version, own.peerDependencies![name]),
      );

      expect(refused).toEqual([]);
    },
  );

  it.each(Object.entries(OTHERS))(
    'finds what it depends on in the apps of Backstage %s',
    (_, { dependencies }) => {
      expect(dependencies).toMatchObject(own.dependencies!);
    },
  );

  it('takes the range of icons that Backstage itself has', () => {
    expect(own.dependencies!['@remixicon/react']).toBe('>=4.6.0 <4.9.0');
  });

  it('has both frontend systems, each under a name of its own', () => {
    expect(Object.keys(own.exports!)).toEqual([
      '.',
      './legacy',
      './alpha',
      './package.json',
    ]);
  });

  it('comes with its licence', () => {
    expect(readFileSync(join(PACKAGE, 'LICENSE'), 'utf8')).toBe(
      readFileSync(join(ROOT, 'LICENSE'), 'utf8'),
    );
  });

  it('says in its README which versions it takes and which line its looks need', () => {
    const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
    const [first, ...others] = Object.keys(RELEASES).sort();

    expect(readme).toContain(
      `Backstage ${first} to ${others[others.length - 1]}`,
    );
    expect(readme).toContain("import '@backstage/ui/css/styles.css';");
  });
});
