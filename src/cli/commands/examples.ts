import type { CommandModule } from '../command.js';

const example = `
Without a name it lists them. Exit status: 0 ok, 2 there is no such example.

Examples:
  $ irqlab examples
  $ irqlab examples cpu-offline >my-guest.yaml
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('[name]', 'of an example, with or without .yaml')
      .addHelpText('after', example)
      .action(async (name: string | undefined) => {
        const { showExamples } = await import('../examples.js');
        finish(showExamples(name, stdio));
      });
  },
};
