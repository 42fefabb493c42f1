import { type Command, InvalidArgumentError } from 'commander';

/** Options of a guest whose time follows the real time: LiveOptions of src/live/service.ts. */
export function addLiveOptions(command: Command): Command {
  return command
    .option('--speed <n>', "seconds of the guest's time in a real second; 0: it stands still", parseSpeed, 1)
    .option('--socket <path>', 'Unix socket to steer the guest by, with irqlab ctl');
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && speed <= 1000) return speed;
  throw new InvalidArgumentError('Expected a number from 0 to 1000, such as 1 or 0.5.');
}
