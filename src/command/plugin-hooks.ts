// Hooks that Node loads modules by once there is code of the user's own.
import { fileURLToPath } from 'node:url';

/** What a plug-in shares with irqlab: of two copies neither would know the other's classes. */
const shared = /^(irqlab(\/.*)?|inversify|reflect-metadata|zod|commander)$/;

type Next = (specifier: string, context: object) => Promise<object>;

/** Resolves a shared package as irqlab itself would, wherever the import stands. */
export async function resolve(specifier: string, context: object, next: Next): Promise<object> {
  return next(specifier, shared.test(specifier) ? { ...context, parentURL: import.meta.url } : context);
}

/** Takes the types out of TypeScript where Node does not do that by itself, and as newer Nodes do: in place. */
export async function load(url: string, context: object, next: Next): Promise<object> {
  if (takesTypesOut || !/^file:.*\.m?ts$/.test(url)) return next(url, context);
  const { withoutTypes } = await import('./strip-types.js');
  return { format: 'module', source: await withoutTypes(fileURLToPath(url)), shortCircuit: true };
}

const takesTypesOut = Boolean((process.features as { readonly typescript?: unknown }).typescript);
