import { ContainerModule } from 'inversify';
import { COMMAND } from './command.js';
import { commands } from './commands/index.js';

/** irqlab's own commands, at COMMAND. */
export const commandsModule = new ContainerModule(({ bind }) => {
  for (const command of commands) bind(COMMAND).toConstantValue(command);
});
