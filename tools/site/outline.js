// What the site has, in the order of its contents: chapters with their pages. Pages of reference/ are made of the code.
import { readdirSync } from 'node:fs';

const decisions = readdirSync(new URL('../../docs/decisions', import.meta.url))
  .sort()
  .map((name) => `docs/decisions/${name}`);

export const outline = [
  {
    title: 'Tutorials',
    about: 'Ways in, one for each kind of user; all that they show is run by tests.',
    pages: readdirSync(new URL('../../docs/tutorials', import.meta.url)).map(
      (name) => `docs/tutorials/${name}`,
    ),
  },
  {
    title: 'How to',
    about: 'Pages for a task at hand.',
    pages: [
      'tour',
      'capture',
      'devices',
      'tracing',
      'explorer',
      'scale',
      'mount',
      'web',
      'hostile-host',
      'plugins',
      'json',
    ].map((name) => `docs/${name}.md`),
  },
  {
    title: 'Reference',
    about: 'Made of the code. The library’s own reference is in the modules below.',
    pages: [
      'command-line',
      'scenario',
      'json',
      'tracepoints',
      'kernels',
      'axes',
      'errors',
      'refusals',
      'races',
    ].map((name) => `reference/${name}.md`),
  },
  {
    title: 'Explanation',
    about: 'Why things are as they are, what they rest on, and decisions.',
    pages: [
      ...[
        'verdicts',
        'designs',
        'other-tools',
        'seeds',
        'fidelity',
        'architecture',
        'reliability',
        'performance',
      ].map((name) => `docs/${name}.md`),
      ...decisions,
    ],
  },
  {
    title: 'Project',
    about: 'For those who work on irqlab, or depend on it.',
    pages: ['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'docs/dependencies.md', 'docs/releasing.md'],
  },
];
