import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { InterruptedError, interruptible } from '../../../src/command/interruptible.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

// Commands that are ended, in a process of their own, with real threads and signals: that of the build.

const cli = new URL('../../../dist/cli/cli.js', import.meta.url).pathname;
const whereBuilt = existsSync(cli) ? test : test.skip;

const directory = temporaryDirectory('ended');

/** A race whose setup tells this test that the search has begun. */
function race(name: string, context: string): string {
  return directory.file(
    name,
    `import { writeSync } from 'node:fs';
let told = false;
export default {
  name: 'ended',
  setup(world) {
    if (!told) writeSync(2, 'begun\\n');
    told = true;
    const step = { object: { id: 0, name: 'word', blocks: () => false, drains: () => false, buffers: () => false }, kind: 'read' };
    for (const cpu of [0, 1]) world.task(cpu, 'context', (function* () { ${context} })());
    return {};
  },
  finally: { nothing: () => true },
};
`,
  );
}

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  /** From Ctrl-C to the end of the process. */
  readonly seconds: number;
}

/** All that is ended here would go on for minutes; a loaded machine may take some seconds to end it. */
const SOON_S = 20;

/** Runs a search, which gets Ctrl-C once it has begun. */
const explored = (args: readonly string[], isInterrupted: boolean): Promise<Ended> =>
  ended([cli, 'explore', ...args], isInterrupted);

/** Runs a search of one second; of more where the machine is so loaded that it has not begun by then. */
async function exploredFor(
  args: readonly string[],
  seconds = 1,
): Promise<Ended & { readonly limit: number }> {
  const done = await explored([...args, '--seconds', String(seconds)], false);
  const isLate = done.status === 1 && seconds < SOON_S;
  return isLate ? exploredFor(args, seconds * 5) : { ...done, limit: seconds };
}

/** Runs Node, which gets Ctrl-C a little after it has said that it has begun. */
function ended(args: readonly string[], isInterrupted = true): Promise<Ended> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let sinceMs = performance.now();
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (isInterrupted && !err.includes('begun\n') && text.includes('begun\n')) {
      sinceMs = performance.now();
      setTimeout(() => child.kill('SIGINT'), 100);
    }
    err += text;
  });
  return new Promise((resolve) => {
    child.on('close', (status) =>
      resolve({ status, out, err, seconds: (performance.now() - sinceMs) / 1000 }),
    );
  });
}

const endless = 'for (let i = 0; i < 100; i++) yield step;';
const stuck = 'for (;;);';

whereBuilt(
  'Ctrl-C ends a search, which says what it knows so far',
  async () => {
    const { status, out, seconds } = await explored([race('long.mjs', endless), '--strategy', 'dfs'], true);
    expect(status).toBe(130);
    expect(out).toMatch(/^long\/model: none \(stopped on request\)\n/);
    expect(seconds).toBeLessThan(SOON_S);
  },
  30_000,
);

whereBuilt(
  'Ctrl-C ends one that does not answer',
  async () => {
    const { status, out, err, seconds } = await explored([race('stuck.mjs', stuck)], true);
    expect({ status, out }).toEqual({ status: 130, out: '' });
    expect(err).toMatch(/given up without a report, since the search did not answer within a second/);
    expect(seconds).toBeLessThan(SOON_S);
  },
  30_000,
);

whereBuilt(
  '--seconds does, too: one that does not answer has failed',
  async () => {
    const { status, out, limit } = await exploredFor([race('limited.mjs', endless), '--strategy', 'dfs']);
    expect(status).toBe(0);
    expect(out.split('\n')[0]).toBe(`limited/model: none (stopped after ${limit} s)`);
    const hung = await explored([race('hung.mjs', stuck), '--seconds', '1'], false);
    expect(hung).toMatchObject({ status: 1, out: '' });
  },
  30_000,
);

/** Has Node say when the work begins that Ctrl-C may end: the `nth` one, which from then on can be ended. */
const saysWhenBegun = (nth: number): string => `
const vm = require('node:vm');
const { runInNewContext } = vm;
let calls = 0;
vm.runInNewContext = (code, { doWork }, options) => {
  const told = () => {
    if (++calls === ${nth}) require('node:fs').writeSync(2, 'begun\\n');
    doWork();
  };
  return runInNewContext(code, { doWork: told }, options);
};
require('node:module').syncBuiltinESMExports();
`;
const endlessScenario = `
cpus: 2
devices: [{driver: storvsc, relid: 12}]
workload: [{relid: 12, every: 1us, until: 1000s}]
print: [/proc/interrupts]
`;

/** An /proc/interrupts that takes seconds to check. */
function longCapture(): string {
  const cpus = Array.from({ length: 64 }, (_, cpu) => `CPU${cpu}`.padEnd(11)).join('');
  const counts = `${'1'.padStart(10)} `.repeat(64);
  const row = (irq: number): string =>
    `${String(irq).padStart(5)}: ${counts}  IO-APIC ${irq}-edge  eth${irq}\n`;
  return `${' '.repeat(13)}${cpus}\n${Array.from({ length: 6000 }, (_, i) => row(i + 24)).join('')}`;
}

whereBuilt.each([
  ['run', ['FILE'], / after [\d.]+[mun]?s of virtual time\n$/],
  ['run', ['FILE', '--json', '--stats'], / after [\d.]+[mun]?s of virtual time\n$/],
  ['run', ['FILE', '--trace', 'TRACE'], / after [\d.]+[mun]?s of virtual time; .*\/t\.dat is left empty\n$/],
  ['cat', ['FILE', '--at', '900s', '/proc/stat'], / after [\d.]+[mun]?s of virtual time\n$/],
  [
    'compare',
    ['FILE', '--vary', 'top-level', '--json'],
    /irqlab: \S+: ended by Ctrl-C after [\d.]+[mun]?s of virtual time; done: 0 of \d choices\n$/,
  ],
  [
    'conformance',
    ['test/golden', '--json'],
    /irqlab: ended by Ctrl-C (in|after \d+ of \d+ recordings of) \S+; done: 0 of \d files\n$/,
  ],
  ['import', ['--check', 'CAPTURE'], /irqlab: ended by Ctrl-C in \S+\/long\.txt; done: 0 of 1 files\n$/],
])(
  'Ctrl-C ends irqlab %s %j, which says how far it was',
  async (command, args, said) => {
    // A guest's boot comes first.
    const preload = directory.file(
      'says-when-begun.cjs',
      saysWhenBegun(['conformance', 'import'].includes(command) ? 1 : 2),
    );
    const names: Record<string, () => string> = {
      FILE: () => directory.file('endless.yaml', endlessScenario),
      TRACE: () => `${directory.path}/t.dat`,
      CAPTURE: () => directory.file('long.txt', longCapture()),
    };
    const words = args.map((arg) => names[arg]?.() ?? arg);
    const { status, out, err, seconds } = await ended(['--require', preload, cli, command, ...words]);
    expect({ status, out }).toEqual({ status: 130, out: '' });
    expect(err).toMatch(said);
    expect(err.replaceAll('begun\n', '').split('\n')).toHaveLength(2);
    expect(seconds).toBeLessThan(SOON_S);
  },
  30_000,
);

test('work that never gives way is ended by Ctrl-C, and work that is done answers', () => {
  let rounds = 0;
  const work = (): number => {
    process.kill(process.pid, 'SIGINT');
    try {
      for (;;) rounds += 1;
    } catch {
      return rounds;
    }
  };
  const soFar = (): string => (rounds > 0 ? 'in its midst' : 'before it began');
  expect(() => interruptible(work, soFar)).toThrow(new InterruptedError('in its midst'));
  expect(interruptible(() => undefined, soFar)).toBeUndefined();
  const own = new RangeError('its own');
  const fails = (): never => {
    throw own;
  };
  expect(() => interruptible(fails, soFar)).toThrow(own);
});
