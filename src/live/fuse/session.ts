import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ErrnoError } from '../../lib/errno.js';
import {
  decodeRequest,
  encodeLength,
  answerHeader,
  encodeError,
  encodePollWakeup,
  type FuseRequest,
  longId,
  NOT_IMPLEMENTED,
  OPCODE,
} from './wire.js';
import type { ForDeviceThread, FromDeviceThread, KeptText } from './device-thread.js';
import type { FuseAnswer, FuseFilesystem, KernelNotices } from './filesystem.js';
import { sendTo } from './send.js';

/** Beyond the end of any text, and of what is read from any stream; and how much more each time. */
const ENDLESS_BYTES = 2 ** 50;
const LONGER_BYTES = 4096;
const EIO = -5;
const EINTR = -4;

export interface FuseSessionHooks {
  /** Called before each request that reads or changes files. */
  beforeRequest(): void;
  /** Called for a defect; the request has been answered with EIO. */
  onDefect(error: unknown): void;
}

/**
 * Answers the kernel's requests for one mounted filesystem, one after the other, until it is unmounted. One at a
 * time, each request is atomic for those behind the files; a writer that sleeps waits alone, and is answered when its
 * write is over, or with EINTR when the session ends before. So does a reader of a stream with nothing in it, which
 * signals can wake.
 */
export class FuseSession {
  /** Resolves when nothing is mounted any more, or after `stop`. */
  readonly ended: Promise<void>;
  private readonly thread: Worker;
  private readonly stopFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private readonly end: () => void;
  private endlessBytes = ENDLESS_BYTES;
  /** Requests whose answers wait, and what a signal does to them. */
  private readonly waiting = new Map<bigint, () => void>();
  private readonly notices: KernelNotices = {
    endless: (inode) => this.tellEndless(inode),
    readable: (pollHandle) => {
      if (!this.stopping) this.send(encodePollWakeup(pollHandle));
    },
    kept: (handle, text) => {
      if (text.buffer instanceof SharedArrayBuffer)
        this.thread.postMessage({ handle, text } satisfies KeptText);
    },
  };
  private stopping = false;

  /** @param fd of /dev/fuse; the session closes it at its end. */
  constructor(
    private readonly filesystem: FuseFilesystem,
    private readonly hooks: FuseSessionHooks,
    private readonly fd: number,
  ) {
    let end = (): void => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.end = end;
    const workerData: ForDeviceThread = { fd, stopFlag: this.stopFlag };
    this.thread = new Worker(new URL('./device-thread.js', import.meta.url), { workerData });
    this.thread.on('message', (message: FromDeviceThread) => this.take(message));
    this.thread.on('error', (error) => {
      this.hooks.onDefect(error);
      this.finish();
    });
  }

  /**
   * Stops at the next request, which stays unanswered. A read() that waits for one cannot be cancelled, and Node
   * cannot exit before it returns: somebody has to touch the mounted files once more.
   */
  stop(): void {
    this.stopping = true;
    Atomics.store(this.stopFlag, 0, 1);
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const [unique, interrupt] of waiting) {
      this.send(encodeError(unique, EINTR));
      interrupt();
    }
  }

  private take(message: FromDeviceThread): void {
    if (message === 'ended') this.finish();
    else if (!this.stopping) this.answer(decodeRequest(message));
  }

  private finish(): void {
    this.stop();
    closeSync(this.fd);
    this.end();
  }

  private answer(request: FuseRequest): void {
    const { unique } = request;
    try {
      if (changesWithTime(request.opcode)) this.hooks.beforeRequest();
      if (request.opcode === OPCODE.INTERRUPT) this.waiting.get(longId(request.body, 0))?.();
      const answer = this.filesystem.handle(request, this.notices);
      if (answer instanceof Promise) this.answerLater(unique, answer, sleepsOn);
      else if (typeof answer === 'object' && 'interrupt' in answer)
        this.answerLater(unique, answer.answer, () => answer.interrupt());
      else this.give(unique, answer);
    } catch (error) {
      this.fail(unique, error);
    }
  }

  private answerLater(unique: bigint, answer: Promise<FuseAnswer>, interrupt: () => void): void {
    this.waiting.set(unique, interrupt);
    answer.then(
      (payload) => {
        if (this.waiting.delete(unique)) this.give(unique, payload);
      },
      (error: unknown) => {
        if (this.waiting.delete(unique)) this.fail(unique, error);
      },
    );
  }

  private give(unique: bigint, payload: FuseAnswer): void {
    if (payload === 'unknown') this.send(encodeError(unique, NOT_IMPLEMENTED));
    else if (payload !== undefined) this.send(answerHeader(unique, payload.byteLength), payload);
  }

  private fail(unique: bigint, error: unknown): void {
    if (!(error instanceof ErrnoError)) this.hooks.onDefect(error);
    this.send(encodeError(unique, error instanceof ErrnoError ? error.errno : EIO));
  }

  private tellEndless(inode: number): void {
    this.endlessBytes += LONGER_BYTES;
    this.send(encodeLength(inode, this.endlessBytes));
  }

  private send(...parts: readonly Uint8Array[]): void {
    sendTo(this.fd, ...parts);
  }
}

/** Writers sleep uninterruptibly. */
function sleepsOn(): void {}

function changesWithTime(opcode: number): boolean {
  return opcode !== OPCODE.INIT && opcode !== OPCODE.FORGET && opcode !== OPCODE.RELEASE;
}
