import { gunzip } from 'node:zlib';
import { UsageError } from '../../command/usage-error.js';
import { MachineFiles } from './machine-files.js';

/** What may be in an archive, in all and in one file. A recording of a minute on 256 CPUs has 60 MB. */
const MOST_BYTES = 512 << 20;
const MOST_FILE_BYTES = 64 << 20;
const MOST_ENTRIES = 400_000;
const MOST_PATH = 1024;

const GZIP = [0x1f, 0x8b];
const XZ = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
/** `ustar` stands there in the first header of an archive. */
const TAR_MAGIC_AT = 257;

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
  if (!isTar(tar)) throw new UsageError(`${name}: expected a tar archive, packed by gzip or xz or not`);
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
  try {
    if (startsWith(bytes, GZIP)) return await gunzipped(bytes);
    return startsWith(bytes, XZ) ? await xzUnpacked(name, bytes) : bytes;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name);
    const how = startsWith(bytes, GZIP) ? 'gzip' : 'xz';
    throw new UsageError(`${name}: ${how} cannot unpack it, it is cut or damaged: ${messageOf(error)}`);
  }
}

function gunzipped(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: MOST_BYTES }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

async function xzUnpacked(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const { default: xz } = await import('xz-decompress');
  const packed = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const reader = new xz.XzReadableStream(packed).getReader();
  const chunks: Uint8Array[] = [];
  for (let length = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    chunks.push(value);
    length += value.length;
    if (length > MOST_BYTES) throw tooLarge(name);
  }
}

function tooLarge(name: string): UsageError {
  return new UsageError(`${name}: unpacked it is longer than ${MOST_BYTES >> 20} MiB, the most that is read`);
}

function isTar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + 5)).toString('latin1') === 'ustar';
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
