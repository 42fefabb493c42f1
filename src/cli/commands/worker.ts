import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';
import type { CommandModule } from '../command.js';

const example = `
Takes units of searches and choices of comparisons from a queue in Redis, into which "irqlab explore RACE VARIANT --queue
URL" and "irqlab compare SCENARIO --vary AXIS --queue URL" put them, until Ctrl-C. Any number of workers on any number of machines, of the same irqlab, plug-ins and races: others are refused. Needs
the packages bullmq and ioredis beside irqlab. Exit status: 0 nothing to do for --idle, 2 wrong use, another build or no
Redis, 130 ended by Ctrl-C.

Examples:
  $ irqlab worker --queue redis://localhost
  $ irqlab worker --queue rediss://lab:secret@redis.example.org:6380 --workers 8 --idle 60
  $ irqlab worker ./my-race.ts --queue redis://localhost
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('[race]', 'the file of a race of your own, if the searches are about one')
      .requiredOption(
        '--queue <url>',
        'the Redis: redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS',
      )
      .option('--workers <n>', 'how many at a time; default: as many as the machine has threads', positive)
      .option('--idle <seconds>', 'end after so long with nothing to do', positive)
      .addHelpText('after', example)
      .action(
        async (raceFile: string | undefined, written: { queue: string; workers?: number; idle?: number }) => {
          const { work } = await import('../queue/work.js');
          const workers = written.workers ?? availableParallelism();
          finish(await work({ ...written, workers, raceFile, plugins }, stdio));
        },
      );
  },
};

function positive(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number, 1 or more.');
}
