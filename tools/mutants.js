// Changes the source in one small place at a time and asks whether a test notices: npm run mutants -- --help.
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Folder } from './mutants/folder.js';

const FOLDERS = ['src/irq', 'src/platform', 'src/vmbus', 'src/view', 'src/explore'];
const baselineFile = new URL('mutants/baseline.json', import.meta.url);

const wholeNumber = (text) => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number, 0 or more.');
  return text;
};
const program = new Command('mutants')
  .description(
    'Changes the source in one small place at a time and asks whether a test of its folder notices.',
  )
  .addOption(new Option('--folder <names...>', 'only these').choices(FOLDERS).default(FOLDERS, 'all'))
  .option('--count <n>', 'so many mutants of each folder', wholeNumber, '60')
  .option('--seed <n>', 'of the sample', wholeNumber, '1')
  .option('--file <part>', 'only of files with this in their names; PART:LINE: all of that line')
  .option('--all', 'every mutant', false)
  .option('--survivors', 'only those that survived in the baseline', false)
  .option('--write', 'take the result into tools/mutants/baseline.json', false)
  .addHelpText(
    'after',
    `
Exits with 1 if a mutant survives for which the baseline has no reason.

Examples:
  $ npm run mutants
  $ npm run mutants -- --folder src/irq --count 150 --seed 3
  $ npm run mutants -- --folder src/irq --file kstat.ts:40
  $ npm run mutants -- --survivors --write`,
  )
  .allowExcessArguments(false);
program.parse();
const values = program.opts();

/** A number for each mutant that does not change as others come and go: FNV-1a of what it is, with the seed. */
function lot(mutant) {
  let hash = 0x811c9dc5;
  for (const character of `${values.seed} ${placeOf(mutant)} ${mutant.nth}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What a mutant is; several in one file may look the same, of which each has its `nth`. */
function placeOf({ file, code, was, becomes }) {
  return [file, code, was, becomes].join('\n');
}

function keyOf(mutant) {
  return `${placeOf(mutant)} ${mutant.nth ?? 0}`;
}

/** Tells those of `mutants` apart that look the same. */
function number(mutants) {
  const seen = new Map();
  for (const mutant of mutants) {
    const place = placeOf(mutant);
    mutant.nth = seen.get(place) ?? 0;
    seen.set(place, mutant.nth + 1);
  }
}

/**
 * What is to be tried of `mutants`: those whose lot comes first, so that a change of the source changes the sample by
 * what it changed; or what the command asks for instead.
 */
function chosenOf(mutants, known) {
  const [part, line] = (values.file ?? '').split(':');
  const among = mutants.filter(
    (mutant) => mutant.file.includes(part) && (line === undefined || mutant.line === Number(line)),
  );
  if (values.survivors) {
    const keys = new Set(known?.survivors.map(keyOf));
    return among.filter((mutant) => keys.has(keyOf(mutant)));
  }
  if (values.all || line !== undefined) return among;
  return among
    .map((mutant) => ({ mutant, lot: lot(mutant) }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, Number(values.count))
    .map(({ mutant }) => mutant);
}

function readBaseline() {
  return JSON.parse(readFileSync(baselineFile, 'utf8'));
}

/** Takes a sample into the baseline, in place of what that has of the same seed. */
function write(name, sample) {
  const baseline = readBaseline();
  baseline[name] = [...(baseline[name] ?? []).filter(({ seed }) => seed !== sample.seed), sample].sort(
    (a, b) => Number(a.seed) - Number(b.seed),
  );
  writeFileSync(baselineFile, `${JSON.stringify(baseline, undefined, 2)}\n`);
}

let unexplained = 0;
for (const name of values.folder) {
  const folder = new Folder(name);
  try {
    await folder.record();
    for (const test of folder.failing) console.log(`does not pass here and is left out: ${test}`);
    const samples = readBaseline()[name] ?? [];
    const known = samples.find(({ seed }) => seed === values.seed);
    const whys = new Map(
      samples.flatMap(({ survivors }) => survivors).map((survivor) => [keyOf(survivor), survivor.why]),
    );
    number(folder.mutants);
    const chosen = chosenOf(folder.mutants, known);
    const survivors = [];
    for (const [index, mutant] of chosen.entries()) {
      if (process.stderr.isTTY) process.stderr.write(`\r${name} ${index}/${chosen.length}`);
      if ((await folder.try(mutant)) !== undefined) continue;
      const { file, code, was, becomes, nth } = mutant;
      const why = whys.get(keyOf(mutant));
      survivors.push({
        file,
        code,
        was,
        becomes,
        ...(nth > 0 ? { nth } : {}),
        ...(why === undefined ? {} : { why }),
      });
      if (why === undefined) {
        unexplained += 1;
        console.log(`survives: ${file}:${mutant.line}  ${code}\n    ${was}  ->  ${becomes}`);
      }
    }
    const killed = chosen.length - survivors.length;
    const share = ((100 * killed) / Math.max(1, chosen.length)).toFixed(1);
    console.log(
      `${name}: ${chosen.length} of ${folder.mutants.length} mutants, ${killed} killed (${share} %), ` +
        `${survivors.filter(({ why }) => why !== undefined).length} survivors explained`,
    );
    if (values.write) {
      const tried = values.survivors ? (known?.tried ?? 0) : chosen.length;
      write(name, {
        seed: values.seed,
        of: folder.mutants.length,
        tried,
        killed: tried - survivors.length,
        survivors,
      });
    }
  } finally {
    folder.end();
  }
}
process.exitCode = unexplained > 0 ? 1 : 0;
