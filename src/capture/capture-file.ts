import { readBytes } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import { type Capture, captureNames } from './capture.js';
import { type CaptureFile, understoodCapture } from './understood.js';

/**
 * Reads a capture.
 *
 * @param wanted the kind that it is to be; default: what it begins as.
 * @throws UsageError for a file that cannot be read or understood.
 */
export function readCapture(named: string, stdio: Stdio, wanted?: Capture['kind']): CaptureFile {
  const { name, bytes } = readBytes(named, stdio);
  return understoodCapture(name, bytes, wanted);
}

/** As readCapture, for an option that accepts one kind of capture. @throws UsageError for any other. */
export function readKind(named: string, stdio: Stdio, kind: Capture['kind'], option: string): CaptureFile {
  const read = readCapture(named, stdio, kind);
  if (read.capture.kind === kind) return read;
  throw new UsageError(
    `${option}: expected ${captureNames[kind]}, but ${read.file} is ${captureNames[read.capture.kind]}`,
  );
}
