import { signal } from '@preact/signals';
import { Link } from '../worker/link.js';
import type { Answers, FromWorker, Request, RequestOf, WorkerEvent } from '../worker/protocol.js';

/** What went wrong that must not: shown, so that it can be reported. undefined: nothing. */
export const defect = signal<string | undefined>(undefined);

const listeners = new Set<(event: WorkerEvent) => void>();
const worker = new Worker(new URL('../worker/start.ts', import.meta.url), { type: 'module', name: 'guest' });
worker.onerror = ({ message }) => {
  defect.value = message;
};
const link = new Link(
  worker as { onmessage: ((event: MessageEvent<FromWorker>) => void) | null } & Worker,
  (event) => {
    for (const listener of listeners) listener(event);
  },
);

/** Asks the worker that has the guest. A defect is shown to the user, and thrown. */
export async function ask<Kind extends Request['kind']>(
  request: RequestOf<Kind> & { readonly kind: Kind },
): Promise<Answers[Kind]> {
  try {
    return await link.ask<Kind>(request);
  } catch (error) {
    defect.value = error instanceof Error ? error.message : String(error);
    throw error;
  }
}

/** Calls `listener` for what the worker tells unasked. @returns what ends that. */
export function onWorkerEvent(listener: (event: WorkerEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
