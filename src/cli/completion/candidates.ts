import { readdirSync } from 'node:fs';

/** What may stand in a place, with what it is in a few words. */
export type Candidate = readonly [value: string, description: string];

/** @param typed what of the word is there. @param words the words before it. */
export type Candidates = (typed: string, words: readonly string[]) => readonly Candidate[];

/** Files whose names match, and directories, which end with a slash. */
export function filesLike(pattern: RegExp): Candidates {
  return (typed) => {
    const [directory] = /^.*\//.exec(typed) ?? [''];
    const isHidden = typed.slice(directory.length).startsWith('.');
    try {
      return readdirSync(directory === '' ? '.' : directory, { withFileTypes: true })
        .filter((entry) => entry.name.startsWith('.') === isHidden)
        .flatMap((entry): Candidate[] => {
          if (entry.isDirectory()) return [[`${directory}${entry.name}/`, '']];
          return pattern.test(entry.name) ? [[`${directory}${entry.name}`, '']] : [];
        });
    } catch {
      // There is no such directory.
      return [];
    }
  };
}

const anyFile = filesLike(/(?:)/);
const scenarios = filesLike(/\.ya?ml$/);

/** By the name of an argument, or what stands for the value of an option: of all commands, or of one. */
export async function candidatesByName(): Promise<Readonly<Record<string, Candidates>>> {
  const { races } = await import('../../races/index.js');
  const { exampleNames } = await import('../examples.js');
  const { namesOfCommands } = await import('../../steer/command-schema.js');
  const raceFiles = filesLike(/\.[mc]?[jt]s$/);
  const variants: Candidates = (_, words) => {
    const race = races.find(({ id }) => words.includes(id));
    return (race?.variants ?? []).map(({ name, summary }) => [name, summary]);
  };
  return {
    scenario: scenarios,
    file: anyFile,
    files: anyFile,
    directory: anyFile,
    recording: anyFile,
    before: anyFile,
    after: anyFile,
    socket: anyFile,
    'test path': scenarios,
    'examples name': () => exampleNames().map((name) => [name, '']),
    'explore race': (typed, words) => [
      ...races.map(({ id, property }): Candidate => [id, property]),
      ...raceFiles(typed, words),
    ],
    'explore variant': variants,
    'explore --variant': variants,
    'worker race': raceFiles,
    'ctl command': () => namesOfCommands().map((name) => [name, '']),
  };
}
