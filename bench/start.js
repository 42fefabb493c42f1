// Starts of the command: whole processes, beside an empty Node in the same minutes. Of user and system CPU, and of the
// time on the wall, the least of some runs counts, which are taken in turns.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const usage = fileURLToPath(new URL('./usage.cjs', import.meta.url));
const cli = 'dist/cli/cli.js';
const example = 'examples/rfc-gen2-8vcpu.yaml';

/**
 * What is started, what its output must have, and how many times the CPU of an empty Node it is to take at most. Those
 * without that show where the time of `run` goes.
 *
 * @param smallest file of the smallest guest.
 * @param idle file of the example's guest, without its workload.
 */
const startsOf = (smallest, idle) => [
  { name: 'node -e 0', args: ['-e', '0'], output: /^$/ },
  { name: 'irqlab run --help', args: [cli, 'run', '--help'], output: /^Usage: irqlab run / },
  { name: 'irqlab run, one CPU without VMBus', args: [cli, 'run', smallest], output: /^ +CPU0/ },
  { name: 'irqlab run, the guest without its workload', args: [cli, 'run', idle], output: /pri@storvsc1$/m },
  { name: 'irqlab --version', args: [cli, '--version'], output: /^\d+\.\d+\.\d+\n$/, most: 1.3 },
  {
    name: `irqlab run ${example}`,
    args: [cli, 'run', example],
    output: /^ 28: +22095 .* pri@storvsc1$/m,
    most: 3,
  },
  {
    name: 'irqlab explore modchan-offline --variant no-wait',
    args: [cli, 'explore', 'modchan-offline', '--variant', 'no-wait'],
    output: /^modchan-offline\/no-wait: found$/m,
    most: 4,
  },
];

/** Runs Node to its end. */
function run(args) {
  const from = process.hrtime.bigint();
  const { stdout, stderr } = spawnSync(process.execPath, ['--require', usage, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  const wallMs = Number(process.hrtime.bigint() - from) / 1e6;
  return { stdout, wallMs, cpuMs: Number(stderr.slice(stderr.lastIndexOf('\n'))) / 1000 };
}

/** Writes the files of guests that do nothing. @returns their paths. */
function writeIdle(directory) {
  const text = readFileSync(join(root, example), 'utf8');
  const files = {
    smallest: 'cpus: 1\nvmbus: false\nprint: [interrupts]\n',
    idle: `${text.slice(0, text.indexOf('\nworkload:'))}\nprint: [interrupts]\n`,
  };
  return Object.entries(files).map(([name, content]) => {
    const path = join(directory, `${name}.yaml`);
    writeFileSync(path, content);
    return path;
  });
}

export function start({ smoke }) {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  try {
    return measured(startsOf(...writeIdle(directory)), smoke ? 1 : 15);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function measured(starts, turns) {
  const least = starts.map(() => ({
    cpuMs: Number.POSITIVE_INFINITY,
    wallMs: Number.POSITIVE_INFINITY,
    right: true,
  }));
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, { args, output }] of starts.entries()) {
      const { stdout, cpuMs, wallMs } = run(args);
      const best = least[i];
      best.cpuMs = Math.min(best.cpuMs, cpuMs);
      best.wallMs = Math.min(best.wallMs, wallMs);
      best.right &&= output.test(stdout);
    }
  }
  const [empty] = least;
  const all = starts.map((one, i) => ({ ...one, ...least[i], ratio: least[i].cpuMs / empty.cpuMs }));
  return {
    name: 'start: whole processes',
    ok: least.every(({ right }) => right),
    lines: all
      .filter(({ most }) => most === undefined)
      .map(({ name, cpuMs, ratio }) => `${name}: ${cpuMs.toFixed(0)} ms of CPU, ${ratio.toFixed(2)} times`),
    rows: all
      .filter(({ most }) => most !== undefined)
      .map(({ name, most, cpuMs, wallMs, right, ratio }) => {
        const wall = `${wallMs.toFixed(0)} ms on the wall, ${(wallMs / empty.wallMs).toFixed(1)} times`;
        return {
          bench: `start: ${name}`,
          figure: `${cpuMs.toFixed(0)} ms of CPU${right ? '' : ', WRONG OUTPUT'}`,
          limit: `node -e 0: ${empty.cpuMs.toFixed(0)} ms (${wall})`,
          ratio,
          most,
        };
      }),
  };
}
