/**
 * Names what a container is asked for where that is an interface, which leaves nothing behind at run time. A token
 * stands beside its interface. Containers see a symbol; the type beside it is what they infer `T` from, the same way as
 * from a class, so that this file needs to know none of them.
 */
export type Token<T> = symbol & (abstract new (...args: never[]) => T);

/** The token with this name: the same one wherever it is asked for, even by two copies of this library. */
export function token<T>(name: string): Token<T> {
  return Symbol.for(`irqlab.${name}`) as Token<T>;
}
