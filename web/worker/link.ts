import type { Answers, FromWorker, Request, RequestOf, ToWorker, WorkerEvent } from './protocol.js';

/** Of a worker, what a link needs. */
export interface WorkerPort {
  postMessage(message: ToWorker): void;
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** The page's end of the way to its worker. */
export class Link {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  constructor(
    private readonly port: WorkerPort,
    onEvent: (event: WorkerEvent) => void,
  ) {
    port.onmessage = ({ data }) => {
      if ('event' in data) return onEvent(data);
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('defect' in data) waiting?.reject(new Error(data.defect));
      else waiting?.resolve(data.answer);
    };
  }

  /** The worker's answer. @throws Error for a defect of the worker. */
  ask<Kind extends Request['kind']>(request: RequestOf<Kind>): Promise<Answers[Kind]> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      // Its kind says which type the answer has.
      this.waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.port.postMessage({ id, request });
    });
  }
}
