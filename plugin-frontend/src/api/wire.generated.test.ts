import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PACKAGE = resolve(__dirname, '../..');

describe('wire.generated.ts', () => {
  it('is what `yarn generate` makes of the service’s OpenAPI description', () => {
    const { scripts } = JSON.parse(
      readFileSync(join(PACKAGE, 'package.json'), 'utf8'),
    );
    const folder = mkdtempSync(join(tmpdir(), 'wire-'));
    const made = join(folder, 'wire.ts');
    try {
      const [command, ...options] = scripts.generate
        .replace('src/api/wire.generated.ts', made)
        .split(' ');
      const cli = join(PACKAGE, '../node_modules/.bin', command);
      execFileSync(process.execPath, [cli, ...options], {
        cwd: PACKAGE,
        stdio: 'pipe',
      });

      expect(
        readFileSync(join(PACKAGE, 'src/api/wire.generated.ts'), 'utf8'),
      ).toBe(readFileSync(made, 'utf8'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
