import { ErrnoError } from '../../lib/errno.js';
import type { FileAttributes, MountedFiles, OpenedFile, OpenedStream } from './files.js';
import { SharedRoom } from './shared-room.js';
import { type InterruptibleAnswer, readStream } from './stream-reads.js';
import {
  attrOut,
  bytesOf,
  entriesOut,
  entryOut,
  FUSE_GETATTR_FH,
  FUSE_POLL_SCHEDULE_NOTIFY,
  FUSE_READ_LOCKOWNER,
  type FuseAttributes,
  type FuseEntry,
  type FuseRequest,
  initOut,
  longId,
  longWord,
  lseekOut,
  nameAt,
  OPCODE,
  openOut,
  pollOut,
  statfsOut,
  word,
  writeOut,
} from './wire.js';

const ROOT_INODE = 1;
/** What never changes is asked for once an hour. */
const LASTING_S = 3600;
const empty = new Uint8Array(0);

const ACCESS_MODE = 3;
const O_RDONLY = 0;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;
const SEEK_DATA = 3;
/** What poll() says of a file that never waits (DEFAULT_POLLMASK), of a stream with something in it, and of one without. */
const POLL = { ALWAYS: 0x145, READABLE: 0x41, NOTHING: 0 } as const;
/** fattr.valid: what a SETATTR changes. */
const FATTR = { MODE: 1 << 0, UID: 1 << 1, GID: 1 << 2 } as const;

/** Where the name of the new entry stands in requests that make one. */
const nameOffsets: ReadonlyMap<number, number> = new Map([
  [OPCODE.CREATE, 16],
  [OPCODE.MKNOD, 16],
  [OPCODE.LINK, 8],
  [OPCODE.SYMLINK, 0],
]);

/** An inode number that the kernel knows. It stays with its path even if what is there goes and comes back. */
interface Inode {
  readonly number: number;
  readonly path: string;
  readonly entries: Map<string, Inode>;
  /** Open files that can be read. */
  readers: number;
  /** What chmod and chown have set. */
  permissions?: number;
  uid?: number;
  gid?: number;
}

/** An open file. As with the kernel's seq_file its text is made when it is read from the beginning, and then kept. */
interface FileHandle {
  readonly inode: Inode;
  readonly reads: boolean;
  readonly file: OpenedFile;
  text: Uint8Array | undefined;
  /** Of a stream with a place: where the next read is if nobody has sought. */
  nextOffset: number;
}

/** Who owns the files, and the time that they all have. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  readonly timeS: number;
}

/** What the kernel is answered: the payload, nothing, or that there is no such operation. */
export type FuseAnswer = Uint8Array | undefined | 'unknown';

/** What the kernel is told without having asked. */
export interface KernelNotices {
  /** A file goes on, whatever size its attributes have. */
  endless(inode: number): void;
  /** A stream that is polled has something to read. */
  readable(pollHandle: bigint): void;
  /**
   * An open file of one that is there as long as the files are mounted keeps this text, until it is closed or read from
   * its beginning again. In memory that threads can share, if it is large.
   */
  kept(handle: number, text: Uint8Array): void;
}

/**
 * Serves files as a FUSE filesystem. Every answer is made at the moment of the request; only inode numbers and open
 * files are kept, so that what is read is never older than the request. The kernel keeps what never changes: the
 * directories on the way to what a guest has.
 *
 * Files of procfs have a size of 0 and text all the same. read() comes here as it is (FOPEN_DIRECT_IO), but sendfile()
 * and splice() go through the page cache, up to the size that the kernel knows. So it is told another one of each file
 * that is open, before an answer that says 0: the answer is stale then, and shown to stat() but not believed.
 */
export class FuseFilesystem {
  private readonly inodes: Inode[] = [];
  private readonly files = new Map<number, FileHandle>();
  private readonly directories = new Map<number, readonly FuseEntry[]>();
  private readonly room = new SharedRoom();
  private lastHandle = 0;
  private readonly root: Inode;

  constructor(
    private readonly mounted: MountedFiles,
    private readonly owner: FileOwner,
  ) {
    this.root = this.newInode('');
  }

  /**
   * Handles a request.
   *
   * @param notices some are called before the answer is sent.
   * @returns the answer; undefined if the request wants none; 'unknown' for an operation that there is not; a promise for
   *   an answer that has to wait for something other than requests, where signals can wake who waits with `interrupt`.
   * @throws ErrnoError with the errno of the system call.
   */
  handle(
    { opcode, nodeId, pid, body }: FuseRequest,
    notices: KernelNotices,
  ): FuseAnswer | Promise<FuseAnswer> | InterruptibleAnswer {
    switch (opcode) {
      case OPCODE.INIT:
        return initOut(word(body, 12));
      case OPCODE.LOOKUP:
        return this.lookup(this.inode(nodeId), nameAt(body), notices);
      case OPCODE.GETATTR:
        return this.getAttributes(this.inode(nodeId), body, notices);
      case OPCODE.SETATTR:
        return this.setAttributes(this.inode(nodeId), body);
      case OPCODE.READLINK:
        return Buffer.from(this.mounted.readlink(pathOf(this.inode(nodeId))), 'latin1');
      case OPCODE.OPEN:
        return this.open(this.inode(nodeId), word(body, 0), notices);
      case OPCODE.READ:
        return this.read(body, notices);
      case OPCODE.WRITE:
        return this.write(longWord(body, 0), bytesOf(body).subarray(40, 40 + word(body, 16)), pid);
      case OPCODE.RELEASE:
        this.release(longWord(body, 0));
        return empty;
      case OPCODE.OPENDIR:
        return this.openDirectory(this.inode(nodeId));
      case OPCODE.READDIR:
        return entriesOut(this.directories.get(longWord(body, 0)) ?? [], longWord(body, 8), word(body, 16));
      case OPCODE.RELEASEDIR:
        this.directories.delete(longWord(body, 0));
        return empty;
      case OPCODE.STATFS:
        return statfsOut();
      case OPCODE.FSYNC:
      case OPCODE.FSYNCDIR:
        this.mounted.sync(pathOf(this.inode(nodeId)));
        return empty;
      case OPCODE.DESTROY:
        return empty;
      case OPCODE.FORGET:
      case OPCODE.BATCH_FORGET:
      case OPCODE.INTERRUPT:
        // INTERRUPT is the session's: it knows what waits.
        return undefined;
      case OPCODE.POLL:
        return this.poll(body, notices);
      case OPCODE.MKDIR:
        return this.makeDirectory(this.inode(nodeId), nameAt(body, 8), notices);
      case OPCODE.RMDIR:
        return this.removeDirectory(this.inode(nodeId), nameAt(body));
      case OPCODE.LSEEK:
        return this.seek(longWord(body, 0), word(body, 16));
      default:
        return this.refuseChange(opcode, nodeId, body);
    }
  }

  private makeDirectory(parent: Inode, name: string, notices: KernelNotices): Uint8Array {
    this.mounted.mkdir(`${parent.path}/${name}`);
    return this.lookup(parent, name, notices);
  }

  private removeDirectory(parent: Inode, name: string): Uint8Array {
    this.mounted.rmdir(`${parent.path}/${name}`);
    return empty;
  }

  /** The entries of procfs and sysfs are the kernel's: hardly ever does anybody else make, remove or rename one. */
  private refuseChange(opcode: number, nodeId: number, body: DataView): 'unknown' {
    const newName = nameOffsets.get(opcode);
    if (newName !== undefined) {
      const path = `${this.inode(nodeId).path}/${nameAt(body, newName)}`;
      throw this.mounted.notMade(path, opcode === OPCODE.CREATE ? 'create' : 'another call');
    }
    switch (opcode) {
      case OPCODE.RENAME:
      case OPCODE.RENAME2: {
        const names = opcode === OPCODE.RENAME ? 8 : 16;
        const old = nameAt(body, names);
        const path = `${this.inode(longWord(body, 0)).path}/${nameAt(body, names + old.length + 1)}`;
        if (!this.mounted.exists(path)) throw this.mounted.notMade(path, 'another call');
        throw new ErrnoError('EPERM', `${path} cannot be replaced`);
      }
      case OPCODE.UNLINK:
        throw new ErrnoError('EPERM', `${nameAt(body)} cannot be removed`);
      default:
        return 'unknown';
    }
  }

  private newInode(path: string): Inode {
    const inode: Inode = { number: this.inodes.length + ROOT_INODE, path, entries: new Map(), readers: 0 };
    this.inodes.push(inode);
    return inode;
  }

  private inode(nodeId: number): Inode {
    const inode = this.inodes[nodeId - ROOT_INODE];
    if (inode === undefined) throw new ErrnoError('ENOENT', `there is no inode ${nodeId}`);
    return inode;
  }

  /** The inode of an entry that is there. */
  private child(parent: Inode, name: string): Inode {
    let inode = parent.entries.get(name);
    if (inode === undefined) {
      inode = this.newInode(`${parent.path}/${name}`);
      parent.entries.set(name, inode);
    }
    return inode;
  }

  /** Only what is there gets an inode. */
  private lookup(parent: Inode, name: string, { endless }: KernelNotices): Uint8Array {
    const found = this.mounted.lstat(`${parent.path}/${name}`);
    const inode = this.child(parent, name);
    if (isEndless(inode, found)) endless(inode.number);
    return entryOut(
      this.attributes(inode, found),
      found.lasts === 'nothing' ? 0 : LASTING_S,
      attributesS(found),
    );
  }

  /** Whoever seeks to the end, and does not only look, gets the end that stat() shows; a stream is told of it. */
  private getAttributes(inode: Inode, body: DataView, { endless }: KernelNotices): Uint8Array {
    const found = this.mounted.lstat(pathOf(inode));
    const seeks = (word(body, 0) & FUSE_GETATTR_FH) !== 0;
    if (seeks) this.seekIn(this.files.get(longWord(body, 8)), 'end');
    else if (isEndless(inode, found)) endless(inode.number);
    return attrOut(this.attributes(inode, found), attributesS(found));
  }

  private attributes(inode: Inode, { kind, mode, sizeBytes }: FileAttributes): FuseAttributes {
    const { uid, gid, timeS } = this.owner;
    const { permissions = mode & 0o7777 } = inode;
    return {
      inode: inode.number,
      size: sizeBytes,
      mode: (mode & ~0o7777) | permissions,
      links: kind === 'directory' ? 2 + this.mounted.subdirectories(pathOf(inode)) : 1,
      uid: inode.uid ?? uid,
      gid: inode.gid ?? gid,
      timeS,
    };
  }

  /** Keeps what chmod and chown set. Lengths and times are ignored: procfs and sysfs accept O_TRUNC, too. */
  private setAttributes(inode: Inode, body: DataView): Uint8Array {
    const valid = word(body, 0);
    const found = this.mounted.lstat(pathOf(inode));
    if (valid & FATTR.MODE) inode.permissions = word(body, 68) & 0o7777;
    if (valid & FATTR.UID) inode.uid = word(body, 76);
    if (valid & FATTR.GID) inode.gid = word(body, 80);
    return attrOut(this.attributes(inode, found), attributesS(found));
  }

  private open(inode: Inode, flags: number, { endless }: KernelNotices): Uint8Array {
    const path = pathOf(inode);
    const access = flags & ACCESS_MODE;
    const reads = access !== 1;
    const writes = access !== O_RDONLY;
    const file = this.mounted.open(path, reads ? 'read' : 'write');
    if (reads && writes) this.mounted.open(path, 'write');
    if (writes && (flags & O_TRUNC) !== 0) file.truncate();
    this.files.set(++this.lastHandle, { inode, reads, file, text: undefined, nextOffset: 0 });
    if (reads) inode.readers += 1;
    if (isEndless(inode, this.mounted.lstat(path))) endless(inode.number);
    const isStream = file.stream !== undefined && file.stream.seek === undefined;
    return openOut(this.lastHandle, isStream ? 'stream' : 'file');
  }

  private release(handle: number): void {
    const open = this.files.get(handle);
    if (open?.reads) open.inode.readers -= 1;
    open?.file.stream?.close();
    if (open?.text !== undefined) this.room.giveBack(open.text);
    this.files.delete(handle);
  }

  /** The open file. @throws ErrnoError EBADF for no such handle, what `gone` gives if the file is no longer there. */
  private handleOf(handle: number): FileHandle {
    const open = this.files.get(handle);
    if (open === undefined) throw new ErrnoError('EBADF', `there is no open file ${handle}`);
    const path = pathOf(open.inode);
    if (this.mounted.exists(path)) return open;
    throw this.mounted.gone(path);
  }

  private read(body: DataView, { kept }: KernelNotices): Uint8Array | InterruptibleAnswer {
    const handle = longWord(body, 0);
    const open = this.handleOf(handle);
    const offset = longWord(body, 8);
    const sizeBytes = word(body, 16);
    const { stream } = open.file;
    if (stream !== undefined) {
      const by = (word(body, 20) & FUSE_READ_LOCKOWNER) !== 0 ? 'read' : 'splice';
      if (offset === 0 && open.nextOffset > 0) this.seekIn(open, 'first');
      const waits = (word(body, 32) & O_NONBLOCK) === 0;
      return this.fromStream(open, offset, readStream(stream, sizeBytes, by, waits));
    }
    let { text } = open;
    if (text === undefined || offset === 0) {
      text = open.file.bytes((bytes) => this.room.take(bytes));
      open.text = text;
      if (this.mounted.lstat(pathOf(open.inode)).lasts !== 'nothing') kept(handle, text);
    }
    return text.subarray(offset, offset + sizeBytes);
  }

  /** Notes where the next read is going to be. */
  private fromStream(
    open: FileHandle,
    offset: number,
    given: Uint8Array | InterruptibleAnswer,
  ): Uint8Array | InterruptibleAnswer {
    const noted = (bytes: Uint8Array): Uint8Array => {
      open.nextOffset = offset + bytes.length;
      return bytes;
    };
    if (given instanceof Uint8Array) return noted(given);
    return { answer: given.answer.then(noted), interrupt: () => given.interrupt() };
  }

  /** lseek() for what the kernel does not do itself: SEEK_DATA and SEEK_HOLE, which only streams may know. */
  private seek(handle: number, whence: number): Uint8Array {
    const open = this.handleOf(handle);
    if (whence !== SEEK_DATA || open.file.stream?.seek === undefined)
      throw new ErrnoError('EINVAL', `${pathOf(open.inode)} does not know where its data begins`);
    this.seekIn(open, 'data');
    return lseekOut(0);
  }

  private seekIn(open: FileHandle | undefined, to: Parameters<NonNullable<OpenedStream['seek']>>[0]): void {
    if (open?.file.stream?.seek === undefined) return;
    open.file.stream.seek(to);
    open.nextOffset = 0;
  }

  private poll(body: DataView, { readable }: KernelNotices): Uint8Array {
    const { stream } = this.handleOf(longWord(body, 0)).file;
    if (stream === undefined) return pollOut(POLL.ALWAYS);
    if (stream.isReady('read')) return pollOut(POLL.READABLE);
    const handle = longWord(body, 0);
    const pollHandle = longId(body, 8);
    if ((word(body, 16) & FUSE_POLL_SCHEDULE_NOTIFY) !== 0)
      void stream.ready('read', () => !this.files.has(handle)).then(() => readable(pollHandle));
    return pollOut(POLL.NOTHING);
  }

  private write(handle: number, data: Buffer, pid: number): Uint8Array | Promise<Uint8Array> {
    const consumed = this.handleOf(handle).file.write(data.toString('latin1'), pid);
    return typeof consumed === 'number' ? writeOut(consumed) : consumed.then(writeOut);
  }

  private openDirectory(inode: Inode): Uint8Array {
    const found = this.mounted.entries(pathOf(inode));
    const entries: FuseEntry[] = [
      { name: '.', inode: inode.number, type: typeOf(0o040000) },
      { name: '..', inode: this.parentOf(inode).number, type: typeOf(0o040000) },
    ];
    for (const { name, mode } of found)
      entries.push({ name, inode: this.child(inode, name).number, type: typeOf(mode) });
    this.directories.set(++this.lastHandle, entries);
    return openOut(this.lastHandle, 'directory');
  }

  private parentOf({ path }: Inode): Inode {
    let inode = this.root;
    const names = path.split('/').slice(1, -1);
    for (const name of names) inode = this.child(inode, name);
    return inode;
  }
}

function pathOf({ path }: Inode): string {
  return path === '' ? '/' : path;
}

/** A file that somebody may read now, and whose size says nothing. */
function isEndless({ readers }: Inode, { kind, sizeBytes }: FileAttributes): boolean {
  return readers > 0 && kind === 'file' && sizeBytes === 0;
}

/** How long the kernel may go without asking for the attributes again. */
function attributesS({ lasts }: FileAttributes): number {
  return lasts === 'all' ? LASTING_S : 0;
}

function typeOf(mode: number): number {
  return mode >> 12;
}
