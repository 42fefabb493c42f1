// Waits in read(2) for the kernel's requests, so that nothing else has to. What it can, it answers itself: a text that an
// open file keeps. Node's own reads of a device go through a pool of threads, with two handovers for each request.
import { readSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { sendTo } from './send.js';
import { answerHeader, decodeRequest, longWord, OPCODE, REQUEST_BYTES, word } from './wire.js';

/** What the thread is begun with. */
export interface ForDeviceThread {
  /** Of /dev/fuse. */
  readonly fd: number;
  /** 1: the next request stays unanswered, and is the last. */
  readonly stopFlag: Int32Array;
}

/** The text that an open file keeps: what is read of it behind its beginning. Shared memory, which stays as it is. */
export interface KeptText {
  readonly handle: number;
  readonly text: Uint8Array;
}

/** A request that is not answered here; `ended`: there will be no more. */
export type FromDeviceThread = Uint8Array<ArrayBuffer> | 'ended';

/** Until the device is mounted a read gives EPERM; it is tried again after so many ms. */
const UNMOUNTED_RETRY_MS = 2;

if (parentPort === null) throw new Error('this file is a thread of src/live/fuse/session.ts');
serve(parentPort, workerData as ForDeviceThread);

function serve(port: NonNullable<typeof parentPort>, { fd, stopFlag }: ForDeviceThread): void {
  const buffer = Buffer.alloc(REQUEST_BYTES);
  const texts = new Map<number, Uint8Array>();
  let mounted = false;
  for (;;) {
    let lengthBytes: number;
    try {
      lengthBytes = readSync(fd, buffer, 0, REQUEST_BYTES, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (Atomics.load(stopFlag, 0) === 1) break;
      if (code === 'EPERM' && !mounted) Atomics.wait(stopFlag, 0, 0, UNMOUNTED_RETRY_MS);
      // The request was interrupted before it could be read.
      else if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') break;
      continue;
    }
    mounted = true;
    if (Atomics.load(stopFlag, 0) === 1) break;
    takeTexts(port, texts);
    const bytes = buffer.subarray(0, lengthBytes);
    if (!answerFrom(texts, fd, bytes)) {
      const request = new Uint8Array(bytes);
      port.postMessage(request, [request.buffer]);
    }
  }
  port.postMessage('ended' satisfies FromDeviceThread);
}

/** Those that have come: always before the answer after which somebody reads on. */
function takeTexts(port: NonNullable<typeof parentPort>, texts: Map<number, Uint8Array>): void {
  for (let given = receiveMessageOnPort(port); given !== undefined; given = receiveMessageOnPort(port)) {
    const { handle, text } = given.message as KeptText;
    texts.set(handle, text);
  }
}

/** @returns false if the request is for somebody else. */
function answerFrom(texts: Map<number, Uint8Array>, fd: number, bytes: Uint8Array): boolean {
  if (texts.size === 0) return false;
  const { opcode, unique, body } = decodeRequest(bytes);
  if (opcode === OPCODE.RELEASE) texts.delete(longWord(body, 0));
  if (opcode !== OPCODE.READ) return false;
  const text = texts.get(longWord(body, 0));
  const offset = longWord(body, 8);
  // From its beginning a text is made anew.
  if (text === undefined || offset === 0) return false;
  const given = text.subarray(offset, offset + word(body, 16));
  sendTo(fd, answerHeader(unique, given.byteLength), given);
  return true;
}
