// Attacks irqlab for as long as it is told: npm run hostile -- --help.
import { Command, InvalidArgumentError } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { exitStatus } from '../../src/command/exit-status.js';
import { UsageError } from '../../src/command/usage-error.js';
import { StoppedError } from '../../src/cli/explore/task.js';
import { Account } from './account.js';
import { type Attack, attackHere } from './attack.js';
import { type Finding, findingsDirectory, loadTrial, saveFinding } from './finding.js';
import { partNamed, parts } from './parts/index.js';
import { attackByQueue, WIDTH, workForOthers } from './queue.js';
import type { Part } from './trial.js';
import { WatchedTrials } from './watched.js';

interface Options {
  readonly minutes: number;
  readonly seed?: number;
  readonly parts?: readonly Part[];
  readonly save: string;
  readonly replay?: string;
  readonly queue?: string;
  readonly worker?: boolean;
}

const program = new Command('hostile')
  .description('Attacks irqlab from all sides, in turn, and says what broke and what was reached.')
  .option('--minutes <n>', 'how long', number, 2)
  .option('--seed <n>', 'of all that is random; default: drawn', number)
  .option('--parts <names>', 'only these, separated by commas', chosen)
  .option('--save <directory>', 'where findings are saved; made if it is missing', writableDirectory, '.')
  .option('--replay <file>', 'runs a saved finding once more, and nothing else')
  .option(
    '--queue <url>',
    'have the trials run by workers, by way of a Redis: redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss://',
  )
  .option('--worker', 'run trials that others have put into --queue, one at a time, until Ctrl-C')
  .addHelpText(
    'after',
    `
Parts:
${parts.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join('\n')}

Exits with 1 if something broke. A finding is saved with as few actions as show it.

Example:
  $ npm run hostile -- --minutes 2 --seed 7 --parts lives,files
  $ npm run hostile -- --replay hostile-lives-12345.json
  $ npm run hostile -- --worker --queue redis://redis.example.org
  $ npm run hostile -- --minutes 60 --queue redis://redis.example.org`,
  );

program.parse();
try {
  process.exitCode = await act(program.opts<Options>());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error([error.message, ...(error.hint === undefined ? [] : [error.hint])].join('\n'));
  process.exitCode = exitStatus.usage;
}

function act(options: Options): Promise<number> {
  const { replay: file, queue, worker } = options;
  if (file !== undefined) return replay(file);
  if (worker && queue === undefined)
    throw new UsageError('--worker: say with --queue URL where trials come from');
  if (queue === undefined) return attackAll(options);
  return worker ? workForOthers(queue) : haveOthersAttack(options, queue);
}

async function replay(file: string): Promise<number> {
  const trials = new WatchedTrials();
  const { finding } = await trials.run(loadTrial(file));
  trials.close();
  console.log(finding ?? 'nothing breaks any more');
  return finding === undefined ? 0 : 1;
}

async function attackAll(options: Options): Promise<number> {
  const trials = new WatchedTrials();
  try {
    return await attackFor(options, { attack: attackHere(trials), width: 1 });
  } finally {
    trials.close();
  }
}

async function haveOthersAttack(options: Options, address: string): Promise<number> {
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  const others = await attackByQueue(address, () => isStopped);
  process.once('SIGINT', stop);
  try {
    const status = await attackFor(options, { ...others, width: WIDTH });
    return isStopped ? exitStatus.interrupted : status;
  } finally {
    process.removeListener('SIGINT', stop);
    await others.close();
  }
}

/** Who attacks: so many trials at a time. */
interface Attacker {
  readonly attack: Attack;
  readonly width: number;
  takeBack?(): Promise<void>;
}

async function attackFor(
  { minutes, seed = Date.now() % 2 ** 31, parts: wanted = parts, save }: Options,
  { attack, width, takeBack }: Attacker,
): Promise<number> {
  console.log(`seed ${seed}`);
  const accounts = wanted.map((part) => new Account(part));
  const busy = new Set<Promise<void>>();
  let isOver = false;
  const attackOnce = async (account: Account): Promise<void> => {
    try {
      const attacked = await attack(account.part, seed, account.begin());
      account.end(attacked);
      if ('finding' in attacked && attacked.finding !== undefined) tell(attacked.finding, save);
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      isOver = true;
    }
  };
  const over = delay(minutes * 60_000, undefined, { ref: false }).then(() => {
    isOver = true;
  });
  for (;;) {
    const able = accounts.filter(({ obstacle }) => obstacle === undefined);
    if (able.length === 0 || isOver) break;
    while (busy.size < width) {
      // Whose turn it is: who has had the least time.
      const account = able.reduce((least, one) => (one.dueMs < least.dueMs ? one : least));
      const one = attackOnce(account).finally(() => busy.delete(one));
      // Told by the race below, if it is not over by then.
      one.catch(() => {});
      busy.add(one);
    }
    await Promise.race([over, ...busy]);
  }
  takeBack?.().catch(() => {});
  await Promise.all(busy);
  for (const account of accounts) console.log(account.summary());
  return accounts.some(({ findings }) => findings > 0) ? 1 : 0;
}

function tell(finding: Finding, save: string): void {
  console.log(`${finding.part}: setup ${finding.setup}: ${finding.finding.split('\n')[0]}`);
  const file = saveFinding(save, finding);
  console.log(`${file}: ${finding.actions.length} actions`);
  for (const line of [...finding.words, finding.finding]) console.log(`  ${line.replaceAll('\n', '\n  ')}`);
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
