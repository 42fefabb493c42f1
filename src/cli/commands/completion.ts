import { Argument } from 'commander';
import type { Shell } from '../completion/script.js';
import type { CommandModule } from '../command.js';

const example = `
Prints a script. Commands, options and their values are completed, scenario files, races, variants and examples as well.

Examples:
  $ irqlab completion bash >~/.local/share/bash-completion/completions/irqlab
  $ irqlab completion zsh >"\${fpath[1]}/_irqlab"
  $ irqlab completion fish >~/.config/fish/completions/irqlab.fish
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .addArgument(new Argument('<shell>', 'whose').choices(['bash', 'zsh', 'fish']))
      .addHelpText('after', example)
      .action(async (shell: Shell) => {
        const { completionScript } = await import('../completion/script.js');
        const { exitStatus } = await import('../../command/exit-status.js');
        stdio.out(completionScript(shell));
        finish(exitStatus.ok);
      });
  },
};
