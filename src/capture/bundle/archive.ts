import { UsageError } from '../../command/usage-error.js';
import { MachineFiles } from './machine-files.js';
import { isWanted, MOST_FILE_BYTES, MOST_KEPT_BYTES } from './wanted.js';

const MOST_ENTRIES = 1_000_000;
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
 * Reads the files of a machine out of a tar archive, packed by gzip or xz or not, as it is read: only what stands below
 * /proc, /sys and the like is kept, in memory, and nothing is written anywhere.
 *
 * @param chunks its bytes; the first at least as long as a block of tar, unless the archive is shorter.
 * @throws UsageError for an archive that is damaged, too large, or has paths that lead out of it.
 */
export async function readArchive(name: string, chunks: Iterable<Uint8Array>): Promise<MachineFiles> {
  const { unpackTar } = await import('modern-tar');
  let count = 0;
  let keptBytes = 0;
  const refused: string[] = [];
  const files = new MachineFiles(name);
  const keep = ({ name: path, size }: { name: string; size: number }): boolean => {
    count += 1;
    if (count > MOST_ENTRIES) throw new UsageError(`${name}: more than ${MOST_ENTRIES} files`);
    if (path.length > MOST_PATH || plainPath(path) === undefined) {
      refused.push(path);
      return false;
    }
    if (!isWanted(path)) return false;
    if (size > MOST_FILE_BYTES) {
      files.tooLong.push(path);
      return false;
    }
    keptBytes += size;
    if (keptBytes > MOST_KEPT_BYTES)
      throw new UsageError(
        `${name}: its files below proc, sys and snapshots are longer than ${MOST_KEPT_BYTES >> 20} MiB, the most that is kept`,
        'Record for a shorter time (--seconds), less often (--every), or unpack it and take snapshots away.',
      );
    return true;
  };
  try {
    const tar = readable(unpacked(name, chunks));
    for (const { header, data } of await unpackTar(tar, { strict: true, filter: keep })) {
      const path = plainPath(header.name);
      if (path === undefined || path === '/') continue;
      if (header.type === 'file') files.add(path, { kind: 'file', bytes: data ?? new Uint8Array() });
      else if (header.type === 'directory') files.add(path, { kind: 'directory' });
      else if (header.type === 'symlink') files.add(path, { kind: 'link', target: header.linkname ?? '' });
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: the tar archive is cut or damaged: ${messageOf(error)}`);
  }
  if (refused.length > 0)
    throw new UsageError(
      `${name}: the archive has paths that lead out of it, such as ${JSON.stringify(refused[0].slice(0, 80))}`,
      'No recording has them: it was made by something else than "irqlab record" or sos.',
    );
  return files;
}

/** `a/./b/` as `/a/b`; undefined for a path that leads out of its archive, or is none. */
function plainPath(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : `/${parts.join('/')}`;
}

/** The bytes of the tar archive, unless they turn out to be none, or made to be too many. */
async function* unpacked(name: string, chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const packed = new PackedBytes(chunks);
  const how = howPacked(packed.first);
  let head = new Uint8Array();
  let length = 0;
  try {
    const plain = how === 'gzip' ? gunzipped(packed) : how === 'xz' ? await xzUnpacked(packed) : packed;
    for await (const chunk of plain) {
      length += chunk.length;
      if (head.length < BLOCK) {
        head = Uint8Array.of(...head, ...chunk.subarray(0, BLOCK));
        if (head.length >= BLOCK && !isTar(head)) throw notTar(name);
      }
      if (how !== undefined && length > PLAIN_BYTES && length > packed.lengthBytes * MOST_RATIO)
        throw new UsageError(
          `${name}: it unpacks to more than ${MOST_RATIO} times its length, as no recording does`,
        );
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${name}: ${how ?? 'tar'} cannot unpack it, it is cut or damaged: ${messageOf(error)}`,
    );
  }
  if (!isTar(head)) throw notTar(name);
}

/** Bytes as they are in the file, counted. */
class PackedBytes implements Iterable<Uint8Array> {
  /** So many have been read. */
  lengthBytes = 0;
  readonly first: Uint8Array;
  private readonly chunks: Iterator<Uint8Array>;

  constructor(chunks: Iterable<Uint8Array>) {
    this.chunks = chunks[Symbol.iterator]();
    const { value, done } = this.chunks.next();
    this.first = done === true ? new Uint8Array() : value;
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    try {
      for (let chunk = this.first; ; ) {
        this.lengthBytes += chunk.length;
        yield chunk;
        const { value, done } = this.chunks.next();
        if (done === true) return;
        chunk = value;
      }
    } finally {
      this.chunks.return?.();
    }
  }
}

function howPacked(bytes: Uint8Array): 'gzip' | 'xz' | undefined {
  if (startsWith(bytes, GZIP)) return 'gzip';
  return startsWith(bytes, XZ) ? 'xz' : undefined;
}

function gunzipped(packed: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // What was read from a file lies in no memory that threads share.
  const bytes = readable(packed) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return chunksOf(bytes.pipeThrough(new DecompressionStream('gzip')));
}

async function xzUnpacked(packed: Iterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { default: xz } = await import('xz-decompress');
  return chunksOf(new xz.XzReadableStream(readable(packed)));
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

/** A stream that reads on as its reader does. */
function readable(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const all = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await all.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await all.return?.();
    },
  });
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
