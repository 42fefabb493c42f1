// Of the explorer: its look for accesses that no step announces, for which code must be loaded in another way.
import { emptied } from './cut.js';

export const sanitizer = [
  emptied('no-sanitizer', /\/dist\/explore\/sanitize\/(sanitized-execution|location-text)\.js$/),
];
