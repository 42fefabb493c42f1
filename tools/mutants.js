// Changes the source in one small place at a time and asks whether a test notices.
//
//   node tools/mutants.js                          each folder's sample, against tools/mutants/baseline.json
//   node tools/mutants.js --write                  the same, and writes the baseline
//   node tools/mutants.js --folder src/irq --count 150 --seed 1    another sample; --all takes every mutant
//   node tools/mutants.js --folder src/irq --file kstat            only of files with that in their names
//   node tools/mutants.js --survivors --write                      only those that survived, after tests were added
//
// Exit status 1: a survivor that the baseline does not explain.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Folder } from './mutants/folder.js';

const FOLDERS = ['src/irq', 'src/platform', 'src/vmbus', 'src/view', 'src/explore'];
const baselineFile = new URL('mutants/baseline.json', import.meta.url);

const { values } = parseArgs({
  options: {
    folder: { type: 'string', multiple: true, default: FOLDERS },
    count: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    file: { type: 'string' },
    all: { type: 'boolean', default: false },
    survivors: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

/** A number for each mutant that does not change as others come and go: FNV-1a of what it is, with the seed. */
function lot(mutant, seed) {
  let hash = 0x811c9dc5;
  for (const character of `${seed} ${keyOf(mutant)} ${mutant.nth}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function keyOf({ file, code, was, becomes }) {
  return [file, code, was, becomes].join('\n');
}

/** Of `mutants` those whose lot comes first: a change of the source changes the sample by what it changed. */
function sample(mutants, known) {
  const seen = new Map();
  for (const mutant of mutants) {
    mutant.nth = seen.get(keyOf(mutant)) ?? 0;
    seen.set(keyOf(mutant), mutant.nth + 1);
  }
  const among = mutants.filter(({ file }) => values.file === undefined || file.includes(values.file));
  if (values.survivors) return among.filter((mutant) => known.has(keyOf(mutant)));
  if (values.all) return among;
  return among
    .map((mutant) => ({ mutant, lot: lot(mutant, values.seed) }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, Number(values.count))
    .map(({ mutant }) => mutant);
}

function readBaseline() {
  return JSON.parse(readFileSync(baselineFile, 'utf8'));
}

let unexplained = 0;
for (const name of values.folder) {
  const folder = new Folder(name);
  try {
    await folder.record();
    for (const test of folder.failing) console.log(`does not pass here and is left out: ${test}`);
    const known = new Map(
      (readBaseline()[name]?.survivors ?? []).map((survivor) => [keyOf(survivor), survivor.why]),
    );
    const chosen = sample(folder.mutants, known);
    const survivors = [];
    for (const [index, mutant] of chosen.entries()) {
      if (process.stderr.isTTY) process.stderr.write(`\r${name} ${index}/${chosen.length}`);
      if ((await folder.try(mutant)) !== undefined) continue;
      const { file, code, was, becomes } = mutant;
      const why = known.get(keyOf(mutant));
      survivors.push({ file, code, was, becomes, ...(why === undefined ? {} : { why }) });
      if (why === undefined) {
        unexplained += 1;
        const line = lineOf(mutant);
        console.log(`survives: ${file}${line}  ${code}\n    ${was}  ->  ${becomes}`);
      }
    }
    const killed = chosen.length - survivors.length;
    const share = ((100 * killed) / Math.max(1, chosen.length)).toFixed(1);
    console.log(
      `${name}: ${chosen.length} of ${folder.mutants.length} mutants, ${killed} killed (${share} %), ` +
        `${survivors.filter(({ why }) => why !== undefined).length} survivors explained`,
    );
    if (values.write) {
      const baseline = readBaseline();
      const { seed, tried } = values.survivors ? baseline[name] : { seed: values.seed, tried: chosen.length };
      baseline[name] = {
        seed,
        of: folder.mutants.length,
        tried,
        killed: tried - survivors.length,
        survivors,
      };
      writeFileSync(baselineFile, `${JSON.stringify(baseline, undefined, 2)}\n`);
    }
  } finally {
    folder.end();
  }
}
process.exitCode = unexplained > 0 ? 1 : 0;

/** ":LINE" in the file as it is, where the code stands there. */
function lineOf({ file, code }) {
  const lines = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8').split('\n');
  const at = lines.findIndex((text) => text.trim() === code);
  return at < 0 ? '' : `:${at + 1}`;
}
