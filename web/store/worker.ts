import { signal } from '@preact/signals';
import { Link } from '../worker/link.js';
import type { Answers, FromWorker, Request, RequestOf, WorkerEvent } from '../worker/protocol.js';

/** What went wrong that must not: shown, so that it can be reported. undefined: nothing. */
export const defect = signal<string | undefined>(undefined);

const listeners = new Set<(event: WorkerEvent) => void>();
/** Where the worker is that has the plug-ins of `irqlab web --plugin`, which has put it into the page. */
const plugged = document.querySelector<HTMLMetaElement>('meta[name="irqlab-plugins"]')?.content;
const link = linkTo(
  startPlugged('guest') ??
    new Worker(new URL('../worker/start.ts', import.meta.url), { type: 'module', name: 'guest' }),
  (event) => {
    for (const listener of listeners) listener(event);
  },
);

/** Asks the worker that has the guest. A defect is shown to the user, and thrown. */
export async function ask<Kind extends Request['kind']>(
  request: RequestOf<Kind> & { readonly kind: Kind },
): Promise<Answers[Kind]> {
  return asked<Kind>(link, request);
}

/** Calls `listener` for what the worker tells unasked. @returns what ends that. */
export function onWorkerEvent(listener: (event: WorkerEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A worker of its own for work that does not give way. */
export class Helper {
  private readonly worker =
    startPlugged('helper') ??
    new Worker(new URL('../worker/start.ts', import.meta.url), { type: 'module', name: 'helper' });
  private readonly link: Link;

  /** @param onEvent takes what it tells unasked. */
  constructor(onEvent: (event: WorkerEvent) => void) {
    this.link = linkTo(this.worker, onEvent);
  }

  /** As the function `ask`. */
  ask<Kind extends Request['kind']>(
    request: RequestOf<Kind> & { readonly kind: Kind },
  ): Promise<Answers[Kind]> {
    return asked<Kind>(this.link, request);
  }

  /** Ends it, whatever it is at: what was asked of it is never answered. */
  end(): void {
    this.worker.terminate();
  }
}

function startPlugged(name: string): Worker | undefined {
  return plugged === undefined ? undefined : new Worker(plugged, { type: 'module', name });
}

function linkTo(worker: Worker, onEvent: (event: WorkerEvent) => void): Link {
  worker.onerror = ({ message, filename }) => {
    defect.value = `${message}\n    at ${filename}`;
  };
  return new Link(
    worker as { onmessage: ((event: MessageEvent<FromWorker>) => void) | null } & Worker,
    onEvent,
  );
}

async function asked<Kind extends Request['kind']>(
  link: Link,
  request: RequestOf<Kind> & { readonly kind: Kind },
): Promise<Answers[Kind]> {
  try {
    return await link.ask<Kind>(request);
  } catch (error) {
    defect.value = error instanceof Error ? error.message : String(error);
    throw error;
  }
}
