import { PluginError } from '../lib/plugin-error.js';
import type { Procedure } from './step.js';

/**
 * What a method of a plug-in has returned: a procedure, unless the method is written in JavaScript without its `*`,
 * which no compiler has seen.
 *
 * @param method with its parameters, such as `probe(device)`.
 * @throws PluginError if it is none.
 */
export function procedureOf<T>(
  returned: Procedure<T>,
  owner: { readonly name: string },
  method: string,
): Procedure<T> {
  const value: unknown = returned;
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return returned;
  const [name] = method.split('(');
  throw new PluginError(`${owner.name}: ${name} must be a generator: *${method} {…}`);
}
