import { endianness } from 'node:os';
import { errnoNumbers } from '../../lib/errno.js';

// The messages of FUSE, version 7.31 (include/uapi/linux/fuse.h). Numbers are in the machine's byte order. 64-bit
// numbers that this side has chosen itself (node ids, handles) fit into a double.

const LITTLE = endianness() === 'LE';

export const FUSE_MAJOR = 7;
export const FUSE_MINOR = 31;

/** enum fuse_opcode: the operations that are not simply answered with ENOSYS. */
export const OPCODE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  POLL: 40,
  BATCH_FORGET: 42,
  RENAME2: 45,
  LSEEK: 46,
} as const;

/** fuse_getattr_in.getattr_flags: a seek to the end asks, not a stat(). */
export const FUSE_GETATTR_FH = 1 << 0;
/** enum fuse_notify_code: data for the page cache, which tells the kernel of a longer file, too. */
const FUSE_NOTIFY_STORE = 4;
/** Who polls a file is to look at it again. */
const FUSE_NOTIFY_POLL = 1;
/** fuse_read_in.read_flags: read() says who reads; what fills the page cache does not. */
export const FUSE_READ_LOCKOWNER = 1 << 1;
/** fuse_poll_in.flags: who polls wants to be told. */
export const FUSE_POLL_SCHEDULE_NOTIFY = 1 << 0;
/** O_TRUNC comes with the open itself, not as a SETATTR after it. */
const FUSE_ATOMIC_O_TRUNC = 1 << 3;
const FUSE_BIG_WRITES = 1 << 5;
/** The page cache is left out: read() and write() arrive as they are, although stat() says a size of 0. */
const FOPEN_DIRECT_IO = 1 << 0;
/** lseek() gives ESPIPE. */
const FOPEN_NONSEEKABLE = 1 << 2;

/** Most bytes of one WRITE. */
const MAX_WRITE_BYTES = 1 << 16;
const IN_HEADER_BYTES = 40;
const OUT_HEADER_BYTES = 16;
const ATTR_BYTES = 88;
/** Room for any request: the kernel refuses a read() with a smaller buffer. */
export const REQUEST_BYTES = MAX_WRITE_BYTES + 4096;

/** fuse_in_header, with what follows it. */
export interface FuseRequest {
  readonly opcode: number;
  readonly unique: bigint;
  readonly nodeId: number;
  /** Of the thread whose system call it is, in the PID namespace of who has mounted; 0: it is in none of these. */
  readonly pid: number;
  /** What follows the header. */
  readonly body: DataView;
}

/** fuse_attr, as far as it says something. */
export interface FuseAttributes {
  readonly inode: number;
  readonly size: number;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  /** atime, mtime and ctime. */
  readonly timeS: number;
}

/** An entry of a directory. */
export interface FuseEntry {
  readonly name: string;
  readonly inode: number;
  /** File type: the upper bits of st_mode, shifted down. */
  readonly type: number;
}

/** @throws RangeError for bytes that are no request. */
export function decodeRequest(bytes: Uint8Array): FuseRequest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthBytes = view.getUint32(0, LITTLE);
  if (lengthBytes < IN_HEADER_BYTES || lengthBytes > bytes.byteLength) {
    throw new RangeError(`a FUSE request of ${lengthBytes} bytes in ${bytes.byteLength}`);
  }
  return {
    opcode: view.getUint32(4, LITTLE),
    unique: view.getBigUint64(8, LITTLE),
    nodeId: Number(view.getBigUint64(16, LITTLE)),
    pid: view.getUint32(32, LITTLE),
    body: new DataView(bytes.buffer, bytes.byteOffset + IN_HEADER_BYTES, lengthBytes - IN_HEADER_BYTES),
  };
}

export function word(body: DataView, offset: number): number {
  return body.getUint32(offset, LITTLE);
}

export function longWord(body: DataView, offset: number): number {
  return Number(body.getBigUint64(offset, LITTLE));
}

export function longId(body: DataView, offset: number): bigint {
  return body.getBigUint64(offset, LITTLE);
}

/** The text from `offset` to the zero byte behind it, a character per byte. */
export function nameAt(body: DataView, offset = 0): string {
  const bytes = bytesOf(body).subarray(offset);
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1');
}

export function bytesOf(body: DataView): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** An answer under construction, field by field. */
class Answer {
  readonly bytes: Buffer;
  private readonly view: DataView;
  private at = 0;

  constructor(lengthBytes: number) {
    this.bytes = Buffer.alloc(lengthBytes);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, lengthBytes);
  }

  half(...values: readonly number[]): this {
    for (const value of values) {
      this.view.setUint16(this.at, value, LITTLE);
      this.at += 2;
    }
    return this;
  }

  word(...values: readonly number[]): this {
    for (const value of values) {
      this.view.setUint32(this.at, value >>> 0, LITTLE);
      this.at += 4;
    }
    return this;
  }

  long(...values: readonly (number | bigint)[]): this {
    for (const value of values) {
      this.view.setBigUint64(this.at, BigInt(value), LITTLE);
      this.at += 8;
    }
    return this;
  }

  attributes({ inode, size, mode, links, uid, gid, timeS }: FuseAttributes): this {
    this.long(inode, size, 0, timeS, timeS, timeS).word(0, 0, 0);
    return this.word(mode, links, uid, gid, 0, 4096, 0);
  }
}

/** What stands before an answer with so many bytes (fuse_out_header). */
export function answerHeader(unique: bigint, payloadBytes: number): Buffer {
  return new Answer(OUT_HEADER_BYTES).word(OUT_HEADER_BYTES + payloadBytes, 0).long(unique).bytes;
}

/** An answer that is an error. `errno` is negative, as in the kernel. */
export function encodeError(unique: bigint, errno: number): Buffer {
  return new Answer(OUT_HEADER_BYTES).word(OUT_HEADER_BYTES, errno).long(unique).bytes;
}

/**
 * Tells the kernel of a byte of a file far behind its end, so that it takes the file for that long whatever stat() says.
 * Where it reads pages, as for sendfile(), it finds the end by a READ that gives less (fuse_notify_store_out).
 *
 * @param lengthBytes more than the kernel has been told before, or it takes no notice.
 */
export function encodeLength(inode: number, lengthBytes: number): Buffer {
  const storedBytes = 1;
  const answer = new Answer(OUT_HEADER_BYTES + 24 + storedBytes);
  answer.word(answer.bytes.length, FUSE_NOTIFY_STORE).long(0);
  return answer.long(inode, lengthBytes - storedBytes).word(storedBytes, 0).bytes;
}

/** fuse_init_out, for a kernel that offers `flags`. */
export function initOut(flags: number): Buffer {
  const wanted = flags & (FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES);
  const backgroundMost = 12;
  return new Answer(64)
    .word(FUSE_MAJOR, FUSE_MINOR, 0, wanted)
    .half(backgroundMost, (backgroundMost * 3) / 4)
    .word(MAX_WRITE_BYTES, 1).bytes;
}

/** fuse_entry_out; the kernel asks again after the seconds that a name and its attributes last, at once if 0. */
export function entryOut(attributes: FuseAttributes, nameS: number, attributesS: number): Buffer {
  const answer = new Answer(40 + ATTR_BYTES).long(attributes.inode, 0, nameS, attributesS);
  return answer.word(0, 0).attributes(attributes).bytes;
}

/** fuse_attr_out; the kernel asks again after the seconds that the attributes last, at once if 0. */
export function attrOut(attributes: FuseAttributes, attributesS: number): Buffer {
  return new Answer(16 + ATTR_BYTES).long(attributesS).word(0, 0).attributes(attributes).bytes;
}

/** Answer to OPEN and OPENDIR: the handle, and for a file that the page cache is left out, or that it has no place (fuse_open_out). */
export function openOut(handle: number, kind: 'file' | 'stream' | 'directory'): Buffer {
  const flags = { file: FOPEN_DIRECT_IO, stream: FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE, directory: 0 };
  return new Answer(16).long(handle).word(flags[kind], 0).bytes;
}

/** Answer to POLL: what can be done without waiting (fuse_poll_out). */
export function pollOut(events: number): Buffer {
  return new Answer(8).word(events, 0).bytes;
}

/** Answer to LSEEK: the place (fuse_lseek_out). */
export function lseekOut(offset: number): Buffer {
  return new Answer(8).long(offset).bytes;
}

/** Tells the kernel that who polls is to ask again (fuse_notify_poll_wakeup_out). */
export function encodePollWakeup(pollHandle: bigint): Buffer {
  const answer = new Answer(OUT_HEADER_BYTES + 8);
  answer.word(answer.bytes.length, FUSE_NOTIFY_POLL).long(0);
  return answer.long(pollHandle).bytes;
}

/** Answer to WRITE: how many bytes were taken (fuse_write_out). */
export function writeOut(sizeBytes: number): Buffer {
  return new Answer(8).word(sizeBytes, 0).bytes;
}

/** fuse_statfs_out of a filesystem without blocks. */
export function statfsOut(): Buffer {
  return new Answer(80).long(0, 0, 0, 0, 0).word(4096, 255, 4096).bytes;
}

/** As many entries from `from` on as fit into `sizeBytes`, as fuse_dirent one after another. */
export function entriesOut(entries: readonly FuseEntry[], from: number, sizeBytes: number): Buffer {
  const parts: Buffer[] = [];
  let room = sizeBytes;
  for (let i = from; i < entries.length; i++) {
    const { name, inode, type } = entries[i];
    const fixedBytes = 24;
    const lengthBytes = (fixedBytes + name.length + 7) & ~7;
    if (lengthBytes > room) break;
    room -= lengthBytes;
    const answer = new Answer(lengthBytes).long(inode, i + 1).word(name.length, type);
    answer.bytes.write(name, fixedBytes, 'latin1');
    parts.push(answer.bytes);
  }
  return Buffer.concat(parts);
}

/** Answer to an operation that the filesystem does not have. */
export const NOT_IMPLEMENTED = -errnoNumbers.ENOSYS;
