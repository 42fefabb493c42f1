import type { CommandModule } from '../command.js';

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('[words...]', 'what stands behind irqlab, the word that is being written last')
      .action(async (words: string[]) => {
        const { completions } = await import('../completion/complete.js');
        const { exitStatus } = await import('../../command/exit-status.js');
        stdio.out(await completions(words));
        finish(exitStatus.ok);
      });
  },
};
