// Attacks irqlab for as long as it is told: npm run hostile -- --help.
import { Command, InvalidArgumentError } from 'commander';
import { drawTrial } from './draw.js';
import { findingsDirectory, loadTrial, saveFinding, shrink } from './finding.js';
import { partNamed, parts } from './parts/index.js';
import type { Part } from './trial.js';
import { WatchedTrials } from './watched.js';

interface Options {
  readonly minutes: number;
  readonly seed?: number;
  readonly parts?: readonly Part[];
  readonly save: string;
  readonly replay?: string;
}

/** What one part has come to. */
interface Account {
  readonly part: Part;
  readonly obstacle: string | undefined;
  spentMs: number;
  trials: number;
  actions: number;
  findings: number;
  /** In how many trials each situation was reached. */
  readonly reached: Map<string, number>;
}

const program = new Command('hostile')
  .description('Attacks irqlab from all sides, in turn, and says what broke and what was reached.')
  .option('--minutes <n>', 'how long', number, 2)
  .option('--seed <n>', 'of all that is random; default: drawn', number)
  .option('--parts <names>', 'only these, separated by commas', chosen)
  .option('--save <directory>', 'where findings are saved; made if it is missing', writableDirectory, '.')
  .option('--replay <file>', 'runs a saved finding once more, and nothing else')
  .addHelpText(
    'after',
    `
Parts:
${parts.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join('\n')}

Exits with 1 if something broke. A finding is saved with as few actions as show it.

Example:
  $ npm run hostile -- --minutes 2 --seed 7 --parts lives,files
  $ npm run hostile -- --replay hostile-lives-12345.json`,
  );

program.parse();
const options = program.opts<Options>();
const trials = new WatchedTrials();
process.exitCode = options.replay === undefined ? await attackAll(options) : await replay(options.replay);
trials.close();

async function replay(file: string): Promise<number> {
  const { finding } = await trials.run(loadTrial(file));
  console.log(finding ?? 'nothing breaks any more');
  return finding === undefined ? 0 : 1;
}

async function attackAll({
  minutes,
  seed = Date.now() % 2 ** 31,
  parts: wanted = parts,
  save,
}: Options): Promise<number> {
  console.log(`seed ${seed}`);
  const accounts = wanted.map(
    (part): Account => ({
      part,
      obstacle: part.obstacle?.(),
      spentMs: 0,
      trials: 0,
      actions: 0,
      findings: 0,
      reached: new Map(),
    }),
  );
  const able = accounts.filter(({ obstacle }) => obstacle === undefined);
  const end = performance.now() + minutes * 60_000;
  while (able.length > 0 && performance.now() < end) {
    // Whose turn it is: who has had the least time.
    const account = able.reduce((least, one) => (one.spentMs < least.spentMs ? one : least));
    const begin = performance.now();
    await attackOnce(account, seed, save);
    account.spentMs += performance.now() - begin;
  }
  for (const account of accounts) console.log(summary(account));
  return accounts.some(({ findings }) => findings > 0) ? 1 : 0;
}

async function attackOnce(account: Account, seed: number, save: string): Promise<void> {
  const trial = drawTrial(account.part, seed, account.trials);
  const { finding, reached } = await trials.run(trial);
  account.trials += 1;
  account.actions += trial.actions.length;
  for (const what of reached) account.reached.set(what, (account.reached.get(what) ?? 0) + 1);
  if (finding === undefined) return;
  account.findings += 1;
  console.log(`${trial.part}: setup ${trial.setup}: ${finding.split('\n')[0]}`);
  const small = await shrink(trial, finding, trials);
  const file = saveFinding(save, small);
  console.log(`${file}: ${small.actions.length} actions`);
  for (const line of [...small.words, small.finding]) console.log(`  ${line.replaceAll('\n', '\n  ')}`);
}

function summary({ part, obstacle, spentMs, trials: count, actions, findings, reached }: Account): string {
  if (obstacle !== undefined) return `${part.name}: skipped, ${obstacle}`;
  const seconds = (spentMs / 1000).toFixed(0);
  const head = `${part.name}: ${count} trials, ${actions} actions, ${findings} findings in ${seconds} s`;
  const lines = [...reached].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `${what} ${times}`);
  return lines.length === 0 ? head : `${head}\n  reached: ${lines.join(', ')}`;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('expected a number from 0 on.');
  return value;
}

function writableDirectory(path: string): string {
  try {
    return findingsDirectory(path);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function chosen(text: string): readonly Part[] {
  try {
    return text.split(',').map(partNamed);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
