import type { CommandEntry } from '../command.js';

/** irqlab's own commands, in the order of `irqlab --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'run a guest as a scenario file says and check its expectations',
    load: async () => (await import('./run.js')).command,
  },
  {
    name: 'test',
    summary: 'run many scenario files as tests, for people, TAP or JUnit',
    load: async () => (await import('./test.js')).command,
  },
  {
    name: 'cat',
    summary: "print files of a scenario's guest",
    load: async () => (await import('./cat.js')).command,
  },
  {
    name: 'compare',
    summary: 'run a scenario under each choice of a design and compare',
    load: async () => (await import('./compare.js')).command,
  },
  {
    name: 'explore',
    summary: 'look for the interleavings that break a race, or show that there are none',
    load: async () => (await import('./explore.js')).command,
  },
  {
    name: 'worker',
    summary: 'do parts of searches and comparisons from a queue in Redis, beside other workers',
    load: async () => (await import('./worker.js')).command,
  },
  {
    name: 'examples',
    summary: 'list the scenarios, plug-ins and races that come with irqlab, or print one',
    takesPlugins: false,
    load: async () => (await import('./examples.js')).command,
  },
  {
    name: 'init',
    summary: 'write a scenario, driver, race, design or test of your own to start from',
    takesPlugins: false,
    load: async () => (await import('./init.js')).command,
  },
  {
    name: 'replay',
    summary: 'run a saved interleaving again',
    load: async () => (await import('./replay.js')).command,
  },
  {
    name: 'litmus',
    summary: "run litmus tests in herd's format under sc, tso or arm64",
    takesPlugins: false,
    load: async () => (await import('./litmus.js')).command,
  },
  {
    name: 'record',
    summary: "record this machine's interrupts for import",
    takesPlugins: false,
    load: async () => (await import('./record.js')).command,
  },
  {
    name: 'import',
    summary: 'make a scenario of a recording, a sosreport or captures of a real machine',
    takesPlugins: false,
    load: async () => (await import('./import.js')).command,
  },
  {
    name: 'diff',
    summary: 'say what moved, appeared and went between two recordings',
    takesPlugins: false,
    load: async () => (await import('./diff.js')).command,
  },
  {
    name: 'explain',
    summary: "say where a recorded machine's interrupts go, and what keeps its CPUs online",
    takesPlugins: false,
    load: async () => (await import('./explain.js')).command,
  },
  {
    name: 'plan',
    summary: 'write a shell script that takes CPUs of a recorded machine offline, and try it on a guest',
    takesPlugins: false,
    load: async () => (await import('./plan.js')).command,
  },
  {
    name: 'conformance',
    summary: 'replay recordings of real kernels and compare what the model does',
    takesPlugins: false,
    load: async () => (await import('./conformance.js')).command,
  },
  {
    name: 'mount',
    summary: "mount a guest's /proc and /sys, live",
    load: async () => (await import('./mount.js')).command,
  },
  {
    name: 'shell',
    summary: "run a command that sees a guest's files in place of this machine's",
    load: async () => (await import('./shell.js')).command,
  },
  {
    name: 'web',
    summary: 'serve the lab as a page for a browser',
    load: async () => (await import('./web.js')).command,
  },
  {
    name: 'ctl',
    summary: 'steer a guest that was mounted with --socket',
    takesPlugins: false,
    load: async () => (await import('./ctl.js')).command,
  },
  {
    name: 'completion',
    summary: 'print what makes bash, zsh or fish complete commands',
    takesPlugins: false,
    load: async () => (await import('./completion.js')).command,
  },
];
