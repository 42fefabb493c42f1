/** What a part of a text is, for who may show it in a colour. */
export type Look = 'good' | 'bad' | 'doubtful' | 'heading' | 'aside';

/** Which parts of a text look how: all that an expression with the flag g matches. Matches do not overlap. */
export type Paint = readonly (readonly [RegExp, Look])[];
