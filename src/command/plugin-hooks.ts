// Hooks that Node resolves imports of modules by once there are plug-ins.

/** What a plug-in shares with irqlab: of two copies neither would know the other's classes. */
const shared: ReadonlySet<string> = new Set([
  'irqlab',
  'irqlab/browser',
  'inversify',
  'reflect-metadata',
  'zod',
  'commander',
]);

type NextResolve = (specifier: string, context: object) => Promise<object>;

/** Resolves a shared package as irqlab itself would, wherever the import stands. */
export async function resolve(specifier: string, context: object, next: NextResolve): Promise<object> {
  return next(specifier, shared.has(specifier) ? { ...context, parentURL: import.meta.url } : context);
}
