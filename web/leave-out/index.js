// What of the library and its packages nothing in the page asks for, and bundlers cannot see that: plugins of
// vite.config.js. test/web/left-out.test.ts compares what the page's worker says with what the library says.
import { histogramForms } from './histograms.js';
import { inversifyExtras } from './inversify.js';
import { unusedParts } from './unused.js';
import { yamlWriters } from './yaml.js';
import { zodExtras } from './zod.js';

export const leftOut = [...zodExtras, ...yamlWriters, ...inversifyExtras, ...histogramForms, ...unusedParts];
