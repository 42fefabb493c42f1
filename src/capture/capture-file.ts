import { readBytes } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import { InterruptsSyntaxError } from '../view/interrupts/parse.js';
import { type Capture, captureNames, parseCapture } from './capture.js';
import { CaptureSyntaxError } from './syntax-error.js';

/** A capture in a file that the user named. */
export interface CaptureFile {
  readonly file: string;
  readonly text: string;
  readonly capture: Capture;
}

/** Reads a capture. @throws UsageError for a file that cannot be read or understood. */
export function readCapture(named: string, stdio: Stdio): CaptureFile {
  const { name, bytes } = readBytes(named, stdio);
  return understoodCapture(name, bytes);
}

/** Reads a capture from the bytes of a file. @throws UsageError with file, line and column if it is not understood. */
export function understoodCapture(file: string, bytes: Uint8Array): CaptureFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${file}: expected a text in UTF-8`);
  }
  try {
    return { file, text, capture: parseCapture(text) };
  } catch (error) {
    if (!(error instanceof InterruptsSyntaxError || error instanceof CaptureSyntaxError)) throw error;
    throw new UsageError(`${file}:${error.line}:${error.column}: expected ${error.expected}`);
  }
}

/** As readCapture, for an option that accepts one kind of capture. @throws UsageError for any other. */
export function readKind(named: string, stdio: Stdio, kind: Capture['kind'], option: string): CaptureFile {
  const read = readCapture(named, stdio);
  if (read.capture.kind === kind) return read;
  throw new UsageError(
    `${option}: expected ${captureNames[kind]}, but ${read.file} is ${captureNames[read.capture.kind]}`,
  );
}
