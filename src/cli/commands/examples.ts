import type { ExamplesOptions } from '../examples.js';
import type { CommandModule } from '../command.js';

const example = `
Without a name it lists them: scenarios, and plug-ins, races and others by their paths. Exit status: 0 ok, 2 there is no
such example.

Examples:
  $ irqlab examples
  $ irqlab examples cpu-offline >my-guest.yaml
  $ irqlab examples plugin-echo/plugin.js >my-driver.mjs
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('[name]', 'of an example, as the list has it')
      .option('--json', 'list them as JSON')
      .addHelpText('after', example)
      .action(async (name: string | undefined, options: ExamplesOptions) => {
        const { showExamples } = await import('../examples.js');
        finish(showExamples(name, options, stdio));
      });
  },
};
