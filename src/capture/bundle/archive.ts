import { UsageError } from '../../command/usage-error.js';
import { MachineFiles } from './machine-files.js';

/** What may be in an archive, in all and in one file. A recording of a minute on 256 CPUs has 60 MB. */
const MOST_BYTES = 512 << 20;
const MOST_FILE_BYTES = 64 << 20;
const MOST_ENTRIES = 400_000;
const MOST_PATH = 1024;

/** What is longer than this is packed no better than that: it is text and small files. */
const PLAIN_BYTES = 64 << 20;
const MOST_RATIO = 200;
/** Of a tar archive's header. */
const BLOCK = 512;

const GZIP = [0x1f, 0x8b];
const XZ = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
/** `ustar` stands there in the first header of an archive. */
const TAR_MAGIC_AT = 257;
const USTAR = new TextEncoder().encode('ustar');

/** True for the bytes of a tar archive, packed by gzip or xz or not. */
export function isArchive(bytes: Uint8Array): boolean {
  return startsWith(bytes, GZIP) || startsWith(bytes, XZ) || isTar(bytes);
}

/**
 * Reads the files of a machine out of a tar archive, packed by gzip or xz or not. Nothing is written anywhere: they stay in
 * memory. Only what stands below /proc, /sys and the like is kept of a sosreport.
 *
 * @throws UsageError for an archive that is damaged, too large, or has paths that lead out of it.
 */
export async function readArchive(name: string, bytes: Uint8Array): Promise<MachineFiles> {
  const tar = await unpacked(name, bytes);
  if (!isTar(tar)) throw notTar(name);
  const { unpackTar } = await import('modern-tar');
  let count = 0;
  const refused: string[] = [];
  const keep = ({ name: path, size }: { name: string; size: number }): boolean => {
    count += 1;
    if (count > MOST_ENTRIES) throw new UsageError(`${name}: more than ${MOST_ENTRIES} files`);
    if (path.length > MOST_PATH || plainPath(path) === undefined) {
      refused.push(path);
      return false;
    }
    if (size > tar.length)
      throw new UsageError(`${name}: ${JSON.stringify(path)} would be longer than the archive`);
    return isWanted(path) && size <= MOST_FILE_BYTES;
  };
  const files = new MachineFiles(name);
  try {
    for (const { header, data } of await unpackTar(tar, { strict: true, filter: keep })) {
      const path = plainPath(header.name);
      if (path === undefined || path === '/') continue;
      if (header.type === 'file') files.add(path, { kind: 'file', bytes: data ?? new Uint8Array() });
      else if (header.type === 'directory') files.add(path, { kind: 'directory' });
      else if (header.type === 'symlink') files.add(path, { kind: 'link', target: header.linkname ?? '' });
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: the tar archive is damaged: ${messageOf(error)}`);
  }
  if (refused.length > 0)
    throw new UsageError(
      `${name}: the archive has paths that lead out of it, such as ${JSON.stringify(refused[0].slice(0, 80))}`,
      'No recording has them: it was made by something else than "irqlab record" or sos.',
    );
  return files;
}

/** What recordings have that import looks at. @param path of an archive. */
function isWanted(path: string): boolean {
  return /(?:^|\/)(?:proc|sys|snapshots|commands|sos_commands|manifest)(?:\/|$)/.test(path);
}

/** `a/./b/` as `/a/b`; undefined for a path that leads out of its archive, or is none. */
function plainPath(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : `/${parts.join('/')}`;
}

async function unpacked(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const how = howPacked(bytes);
  if (how === undefined) return bytes;
  try {
    return await collected(name, bytes.length, how === 'gzip' ? gunzipped(bytes) : await xzUnpacked(bytes));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: ${how} cannot unpack it, it is cut or damaged: ${messageOf(error)}`);
  }
}

function howPacked(bytes: Uint8Array): 'gzip' | 'xz' | undefined {
  if (startsWith(bytes, GZIP)) return 'gzip';
  return startsWith(bytes, XZ) ? 'xz' : undefined;
}

/** All that is unpacked, unless it turns out to be no tar archive, too much, or made to be too much. */
async function collected(
  name: string,
  packedBytes: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    all.push(chunk);
    const before = length;
    length += chunk.length;
    if (before < BLOCK && length >= BLOCK && !isTar(joined(all, length))) throw notTar(name);
    if (length > MOST_BYTES)
      throw new UsageError(
        `${name}: unpacked it is longer than ${MOST_BYTES >> 20} MiB, the most that is read`,
      );
    if (length > PLAIN_BYTES && length > packedBytes * MOST_RATIO)
      throw new UsageError(
        `${name}: it unpacks to more than ${MOST_RATIO} times its length, as no recording does`,
      );
  }
  return joined(all, length);
}

function gunzipped(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  // What was read lies in no shared memory, which a Blob would not take.
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return chunksOf(packed.pipeThrough(new DecompressionStream('gzip')));
}

async function xzUnpacked(bytes: Uint8Array): Promise<AsyncIterable<Uint8Array>> {
  const { default: xz } = await import('xz-decompress');
  const packed = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return chunksOf(new xz.XzReadableStream(packed));
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Of what nobody reads on nothing more is unpacked.
    await reader.cancel().catch(() => {});
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function notTar(name: string): UsageError {
  return new UsageError(`${name}: expected a tar archive, packed by gzip or xz or not`);
}

function isTar(bytes: Uint8Array): boolean {
  return startsWith(bytes.subarray(TAR_MAGIC_AT), USTAR);
}

function startsWith(bytes: Uint8Array, magic: Uint8Array | readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
