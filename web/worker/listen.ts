import type { FromWorker, Request, ToWorker, WorkerEvent } from './protocol.js';

/** Answers requests of the page. */
export type Answer = (request: Request) => Promise<unknown>;

/**
 * Makes this worker answer the page.
 *
 * @param serving makes what answers, and gets what tells the page of events.
 */
export function listen(serving: (tell: (event: WorkerEvent) => void) => Answer): void {
  const send = (message: FromWorker, transfer: Transferable[] = []): void =>
    self.postMessage(message, { transfer });
  const answer = serving((event) => send(event));
  self.onmessage = async ({ data: { id, request } }: MessageEvent<ToWorker>): Promise<void> => {
    try {
      send({ id, answer: await answer(request) });
    } catch (error) {
      send({ id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
}
