// The worker: it has the guest, and answers the page.
import type { FromWorker, ToWorker } from './protocol.js';
import { serve } from './serve.js';

const send = (message: FromWorker, transfer: Transferable[] = []): void =>
  self.postMessage(message, { transfer });
const answer = serve((event) => send(event));

self.onmessage = async ({ data: { id, request } }: MessageEvent<ToWorker>): Promise<void> => {
  try {
    send({ id, answer: await answer(request) });
  } catch (error) {
    send({ id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};
