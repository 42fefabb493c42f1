import { PluginError } from '../lib/plugin-error.js';
import { UsageError } from './usage-error.js';

/** An error, which loses its class on the way between threads. */
export interface ThrownThere {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What a thread tells of an error. */
export function thrownThere(error: unknown): ThrownThere {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack };
}

/** The error again. */
export function errorOf({ name, message, stack }: ThrownThere): Error {
  if (name === 'PluginError') return new PluginError(message);
  if (name === 'UsageError') return new UsageError(message);
  return Object.assign(new Error(message), { name, stack });
}
