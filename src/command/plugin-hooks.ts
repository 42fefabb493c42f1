// Hooks that Node loads modules by once there is code of the user's own.
import { readFileSync } from 'node:fs';
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
  const { transformSync } = await import('@swc/wasm-typescript');
  const file = fileURLToPath(url);
  const source = transformed(file, () =>
    transformSync(readFileSync(file, 'utf8'), { mode: 'strip-only', filename: file }),
  );
  return { format: 'module', source, shortCircuit: true };
}

const takesTypesOut = Boolean((process.features as { readonly typescript?: unknown }).typescript);

interface Refused {
  readonly message?: unknown;
  readonly startLine?: unknown;
}

/** @throws SyntaxError that says which line cannot be done. */
function transformed(file: string, transform: () => { readonly code: string }): string {
  try {
    return transform().code;
  } catch (error) {
    const { message, startLine } = error as Refused;
    throw new SyntaxError(`${String(message)} (${file}:${String(startLine)})`);
  }
}
