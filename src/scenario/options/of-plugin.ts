/** The name of something that a plug-in has bound; written so that editors go on completing irqlab's own names. */
export type OfPlugin = string & {};
