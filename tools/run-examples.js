// Runs every scenario of examples/ through the command line, as a user would. Needs a build: npm run examples.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const cli = fileURLToPath(new URL('dist/cli/cli.js', root));
let failed = 0;
for (const name of readdirSync(new URL('examples/', root)).filter((file) => file.endsWith('.yaml'))) {
  const { status, stderr } = spawnSync(process.execPath, [cli, 'run', `examples/${name}`], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
  });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} examples/${name}`);
  if (status !== 0) {
    console.log(stderr);
    failed += 1;
  }
}
process.exitCode = failed === 0 ? 0 : 1;
