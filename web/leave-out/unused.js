// Of irqlab: what the page offers nobody.
import { emptied } from './cut.js';

/** The explorer's look for accesses that no step announces, for which code must be loaded in another way. */
const sanitizer = emptied(
  'no-sanitizer',
  /\/dist\/explore\/sanitize\/(sanitized-execution|location-text)\.js$/,
);

/** Files of trace-cmd; the page saves traces for Perfetto and as text (web/worker/trace-protocol.ts). */
const traceCmdFiles = emptied('no-trace-cmd-files', /\/dist\/trace\/binary\/trace-dat(-7)?\.js$/);

export const unusedParts = [sanitizer, traceCmdFiles];
