import { PluginError } from '../lib/plugin-error.js';
import { UsageError } from './usage-error.js';

/** An error, which loses its class on the way between threads. */
export interface ThrownThere {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a UsageError. */
  readonly hint?: string;
  /** Of a PluginError. */
  readonly file?: string;
}

/** What a thread tells of an error. */
export function thrownThere(error: unknown): ThrownThere {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const { hint } = error instanceof UsageError ? error : {};
  const { file } = error instanceof PluginError ? error : {};
  return { name, message, stack, hint, file };
}

/** The error again. */
export function errorOf({ name, message, stack, hint, file }: ThrownThere): Error {
  if (name === 'PluginError') return new PluginError(message, file);
  if (name === 'UsageError') return new UsageError(message, hint);
  return Object.assign(new Error(message), { name, stack });
}
