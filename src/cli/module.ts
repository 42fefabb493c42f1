import { ContainerModule } from 'inversify';
import { COMMAND } from './command.js';
import { commands } from './commands/index.js';
import { hiddenCommands } from './hidden-commands.js';

/** irqlab's own commands, at COMMAND. */
export const commandsModule = new ContainerModule(({ bind }) => {
  for (const command of [...commands, ...hiddenCommands]) bind(COMMAND).toConstantValue(command);
});
