import { isRaceFile } from './explore/race-file.js';

/** True if the command line may load modules of the user's own: a saved search does where its race is one. */
export function mayLoadUserCode(args: readonly string[]): boolean {
  if (args.some((arg) => arg.startsWith('--plugin'))) return true;
  const [command, ...others] = args;
  return (
    command === 'replay' || (command === 'explore' && (others.includes('merge') || others.some(isRaceFile)))
  );
}
