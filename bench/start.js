// Starts of the command: whole processes, beside an empty Node in the same minutes. Of user and system CPU, and of the
// time on the wall, the least of some runs counts, which are taken in turns.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const usage = fileURLToPath(new URL('./usage.cjs', import.meta.url));
const cli = 'dist/cli/cli.js';

/** What is started, what its output must have, and how many times the CPU of an empty Node it is to take at most. */
const starts = [
  { name: 'node -e 0', args: ['-e', '0'], output: /^$/ },
  { name: 'irqlab --version', args: [cli, '--version'], output: /^\d+\.\d+\.\d+\n$/, most: 1.3 },
  {
    name: 'irqlab run examples/rfc-gen2-8vcpu.yaml',
    args: [cli, 'run', 'examples/rfc-gen2-8vcpu.yaml'],
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

export function start({ smoke }) {
  const least = starts.map(() => ({
    cpuMs: Number.POSITIVE_INFINITY,
    wallMs: Number.POSITIVE_INFINITY,
    right: true,
  }));
  for (let turn = 0; turn < (smoke ? 1 : 15); turn++) {
    for (const [i, { args, output }] of starts.entries()) {
      const { stdout, cpuMs, wallMs } = run(args);
      const best = least[i];
      best.cpuMs = Math.min(best.cpuMs, cpuMs);
      best.wallMs = Math.min(best.wallMs, wallMs);
      best.right &&= output.test(stdout);
    }
  }
  const [empty] = least;
  return {
    name: 'start: whole processes',
    ok: least.every(({ right }) => right),
    lines: [],
    rows: starts.slice(1).map(({ name, most }, i) => {
      const { cpuMs, wallMs, right } = least[i + 1];
      const wall = `${wallMs.toFixed(0)} ms on the wall, ${(wallMs / empty.wallMs).toFixed(1)} times`;
      return {
        bench: `start: ${name}`,
        figure: `${cpuMs.toFixed(0)} ms of CPU${right ? '' : ', WRONG OUTPUT'}`,
        limit: `node -e 0: ${empty.cpuMs.toFixed(0)} ms (${wall})`,
        ratio: cpuMs / empty.cpuMs,
        most,
      };
    }),
  };
}
