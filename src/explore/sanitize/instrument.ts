import { parse } from '@babel/parser';
import { sharedVariables } from './rewrite/scopes.js';
import { type Node, partOf } from './rewrite/syntax.js';
import { type Position, Writer } from './rewrite/writer.js';

export type { Position } from './rewrite/writer.js';

export interface InstrumentOptions {
  /** By what the module finds the functions of recorder.ts. */
  readonly recorder: string;
  /** The file that reports name. */
  readonly file: string;
  /** Where in `file` something stands; default: the module is the file. */
  readonly positionOf?: (position: Position) => Position;
}

/** Functions of recorder.ts that instrumented code calls, there with two dollar signs. */
const told = 'r,w,l,set,call,opt,has,all,each,eachOf,destructured,apart,iterator,vr,vw,env,addSites'.split(
  ',',
);

/**
 * The text of an ES module, rewritten so that it tells the recorder (recorder.ts) of each property, element and entry
 * that it reads or writes, and of variables that closures share. What it computes stays the same, except that in a
 * chain with `?.` each link is optional.
 *
 * @throws SyntaxError if the text is no module.
 */
export function instrument(
  source: string,
  { recorder, file, positionOf = (position) => position }: InstrumentOptions,
): string {
  const text = source.startsWith('#!') ? `//${source.slice(2)}` : source;
  const tree = parse(text, { sourceType: 'module' });
  const program = partOf(tree as unknown as Node, 'program');
  const writer = new Writer(text, sharedVariables(program), file, positionOf);
  const body = writer.write(program);
  const imports = told.map((name) => `${name} as $$${name}`).join(',');
  const sites = `[${writer.sites.join(',')}],${JSON.stringify(writer.functions)}`;
  return (
    `import{${imports}}from${JSON.stringify(recorder)};` +
    `const $$s=$$addSites(${JSON.stringify(file)},${sites});let $$k;${body}`
  );
}
