import type { CommandModule } from '../command.js';

const example = `
It moves a channel of the model's VMBus connection while the host signals it. Change what moves, what must hold, and the
variants; "irqlab explore FILE" runs it as it is. TypeScript needs no compiling.

Examples:
  $ irqlab init race
  $ irqlab init race races/close-vs-move.ts
  $ irqlab init race my-race.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .command('race')
      .description('write a race of your own that works, to start from')
      .argument('[file]', 'where to: .ts, .mts, .js or .mjs', 'my-race.ts')
      .addHelpText('after', example)
      .action(async (file: string) => {
        const { initRace } = await import('../init-race.js');
        finish(initRace(file, stdio));
      });
  },
};
