import type { View } from './view.js';

/** The tabs, in their order. */
export const views: readonly View[] = [
  {
    id: 'machine',
    title: 'Machine',
    load: async () => (await import('./machine/machine-view.js')).MachineView,
  },
  { id: 'files', title: 'Files', load: async () => (await import('./files/files-view.js')).FilesView },
  {
    id: 'timeline',
    title: 'Timeline',
    load: async () => (await import('./timeline/timeline-view.js')).TimelineView,
  },
  {
    id: 'races',
    title: 'Races',
    load: async () => (await import('./races/races-view.js')).RacesView,
  },
  {
    id: 'compare',
    title: 'Compare',
    load: async () => (await import('./compare/compare-view.js')).CompareView,
  },
  {
    id: 'scenario',
    title: 'Scenario',
    load: async () => (await import('./scenario/scenario-view.js')).ScenarioView,
  },
];
