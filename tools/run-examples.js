// Runs every scenario of examples/ through the command line, as a user would, and the command lines that the
// plug-ins and own races there have in their head comments. Needs a build: npm run examples.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const cli = join(root, 'dist/cli/cli.js');
const scratch = mkdtempSync(join(tmpdir(), 'irqlab-examples-'));

const scenarios = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ['run', `examples/${name}`]);
const ofPlugins = readdirSync(join(root, 'examples'))
  .filter((name) => name.startsWith('plugin-'))
  .flatMap(commandsOf);

let failed = 0;
const ofOwnRaces = ['ts', 'js'].flatMap((extension) => commandsIn(`own-race/race.${extension}`));

for (const args of [...scenarios, ...ofPlugins, ...ofOwnRaces]) {
  // What a command saves does not belong into the repository.
  const used = args.map((arg) => (/^\w+\.(?:json|txt)$/.test(arg) ? join(scratch, arg) : arg));
  const { status, stderr } = spawnSync(process.execPath, [cli, ...used], { cwd: root, encoding: 'utf8' });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${args.join(' ')}`);
  if (status === 0) continue;
  console.log(stderr);
  failed += 1;
}
rmSync(scratch, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;

/** The command lines in the comment that a plug-in begins with. */
function commandsOf(folder) {
  const [source] = readdirSync(join(root, 'examples', folder)).filter((name) => name.startsWith('plugin.'));
  return commandsIn(join(folder, source));
}

function commandsIn(source) {
  return readFileSync(join(root, 'examples', source), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('//   $ irqlab '))
    .map((line) => line.slice('//   $ irqlab '.length).split(' '));
}
