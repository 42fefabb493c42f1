import type { CommandEntry } from './command.js';

/** Commands that programs call. They describe all others, which therefore do not name them. */
export const hiddenCommands: readonly CommandEntry[] = [
  {
    name: 'complete',
    summary: 'say what may come next on a command line, to a shell',
    takesPlugins: false,
    isHidden: true,
    load: async () => (await import('./commands/complete.js')).command,
  },
];
