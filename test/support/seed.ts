import * as fc from 'fast-check';

/** What all property tests draw from, so that a commit that has passed passes again: IRQLAB_SEED=2 npm test draws anew. */
const seed = Number(process.env['IRQLAB_SEED'] ?? 1);

fc.configureGlobal({ seed });
