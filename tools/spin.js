// Has SPIN check the models of spin/ and compares its verdicts with those that `irqlab explore` must come to, variant by
// variant, under each memory model that the table of races speaks of. Needs a build, and Debian's packages spin and gcc:
// npm run spin. It installs nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const models = fileURLToPath(new URL('../spin/', import.meta.url));
const needed = ['spin', 'gcc'];

const missing = needed.filter((program) => spawnSync('which', [program]).status !== 0);
if (missing.length > 0) {
  console.error(`not installed: ${missing.join(', ')} (Debian: apt-get install ${missing.join(' ')})`);
  process.exit(2);
}

const { races } = await import('../dist/races/index.js');
let different = 0;
for (const file of readdirSync(models).filter((name) => name.endsWith('.pml'))) {
  const race = races.find(({ id }) => `${id}.pml` === file);
  if (race === undefined) throw new Error(`spin/${file} is the model of no race`);
  for (const variant of race.variants) {
    for (const [memory, expected] of memoriesOf(variant)) {
      const verdict = check(join(models, file), variant.name, memory);
      if (verdict !== expected) different += 1;
      const said = verdict === expected ? 'ok  ' : 'FAIL';
      console.log(`${said} ${race.id}/${variant.name} (${memory}): SPIN ${verdict}, irqlab ${expected}`);
    }
  }
}
process.exitCode = different === 0 ? 0 : 1;

/** The memory models that a variant has a verdict under, but those that the models of spin/ do not have. */
function memoriesOf({ memory, expected, expectedOther }) {
  const other = memory === 'sc' ? 'tso' : 'sc';
  const all = [[memory, expected], ...(expectedOther === undefined ? [] : [[other, expectedOther]])];
  return all.filter(([name]) => name !== 'arm64');
}

/** What SPIN says of a model: 'found', or 'none' if it went through all states. */
function check(model, variant, memory) {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-spin-'));
  const run = (program, ...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  try {
    const defines = [`-D${variant.replaceAll('-', '_')}`, ...(memory === 'tso' ? ['-DTSO'] : [])];
    run('spin', ...defines, '-a', model);
    // Processes that give way to interrupts (provided) go without SPIN's own reduction.
    run('gcc', '-w', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c');
    // -E: processes may wait for ever, which the assertions speak of.
    return verdictOf(run('./pan', '-E', '-m100000'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function verdictOf(output) {
  if (/assertion violated/.test(output)) return 'found';
  if (/max search depth too small|Search not completed/.test(output) || !/errors: 0/.test(output))
    throw new Error(`SPIN did not come to an end:\n${output}`);
  // The process that asserts in the end has no state that was not reached.
  if (!/unreached in proctype at_the_end\n\t\(0 of \d+ states\)/.test(output))
    throw new Error(`SPIN never came to the assertions:\n${output}`);
  return 'none';
}
