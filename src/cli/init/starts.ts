/** A file that is written, and the one of examples/ that it is a copy of. */
export interface StartFile {
  readonly template: string;
  readonly file: string;
  /** The user's own one stays as it is. */
  readonly unlessThere?: boolean;
}

/** Something to start from. */
export interface Start {
  readonly name: string;
  /** One line for `irqlab init --help`. */
  readonly summary: string;
  /** What is written unless the user names another file. */
  readonly defaultFile: string;
  /** How the file may be called. */
  readonly named: RegExp;
  /** How it may be called, in words. */
  readonly names: string;
  /** What is written in all, `file` first. */
  files(file: string): readonly StartFile[];
  /** What was written, as the beginning of a sentence. */
  readonly written: string;
  /**
   * Commands that show it at work.
   *
   * @param written all files that were written.
   * @param irqlab what `npm install` is to be given for this irqlab to be there; undefined: it is.
   */
  next(file: string, written: readonly string[], irqlab: string | undefined): readonly string[];
}

const modules = 'Name it .js or .mjs.';

/** The scenario beside a plug-in, called like it. */
function scenarioOf(file: string): string {
  return file.replace(/\.m?js$/, '.yaml');
}

export const starts: readonly Start[] = [
  {
    name: 'scenario',
    summary: 'write a guest with devices, a workload and expectations',
    defaultFile: 'my-guest.yaml',
    named: /\.ya?ml$/,
    names: 'Name it .yaml.',
    files: (file) => [{ template: 'start/scenario.yaml', file }],
    written: 'a guest with a disk and a network adapter',
    next: (file) => [`irqlab run ${file}`, `irqlab test ${file}`],
  },
  {
    name: 'driver',
    summary: 'write a driver of your own with its device on the host, and a scenario that uses them',
    defaultFile: 'my-driver.mjs',
    named: /\.m?js$/,
    names: modules,
    files: (file) => [
      { template: 'plugin-echo/plugin.js', file },
      { template: 'plugin-echo/echo.yaml', file: scenarioOf(file) },
    ],
    written: "a driver and its host's side",
    next: (file) => [`irqlab run ${scenarioOf(file)} --plugin ${file}`],
  },
  {
    name: 'race',
    summary: 'write a race of your own that works, to start from',
    defaultFile: 'my-race.ts',
    named: /\.m?[jt]s$/,
    names: 'Name it .ts or .mts for TypeScript, .js or .mjs.',
    files: (file) => [{ template: `own-race/race.${file.endsWith('ts') ? 'ts' : 'js'}`, file }],
    written: 'a race with two variants',
    next: (file) => [`irqlab explore ${file}`],
  },
  {
    name: 'design',
    summary: 'write a relid map of your own, and a scenario that compares it',
    defaultFile: 'my-design.mjs',
    named: /\.m?js$/,
    names: modules,
    files: (file) => [
      { template: 'plugin-relid-map/plugin.js', file },
      { template: 'plugin-relid-map/hash.yaml', file: scenarioOf(file) },
    ],
    written: 'a relid map called hash',
    next: (file) => [
      `irqlab run ${scenarioOf(file)} --plugin ${file}`,
      `irqlab compare ${scenarioOf(file)} --vary relid-map --plugin ${file}`,
    ],
  },
  {
    name: 'jest',
    summary: 'write a jest test of a guest, and a package.json if there is none',
    defaultFile: 'guest.test.js',
    named: /\.test\.m?js$/,
    names: 'Name it .test.js or .test.mjs.',
    files: (file) => [
      { template: 'start/guest.test.js', file },
      { template: 'start/package.json', file: 'package.json', unlessThere: true },
    ],
    written: 'a test of a guest',
    next: (file, written, irqlab) =>
      written.length > 1
        ? ['npm install', 'npm test']
        : [
            `npm install --save-dev jest${irqlab === undefined ? '' : ` "${irqlab}"`}`,
            `node --experimental-vm-modules node_modules/jest/bin/jest.js ${file}`,
          ],
  },
];
