import { ErrnoError } from '../../lib/errno.js';
import type { MountedFiles, OpenedFile } from './files.js';
import {
  attrOut,
  bytesOf,
  entriesOut,
  entryOut,
  type FuseAttributes,
  type FuseEntry,
  type FuseRequest,
  initOut,
  longWord,
  nameAt,
  OPCODE,
  openOut,
  statfsOut,
  word,
  writeOut,
} from './wire.js';

const ROOT_INODE = 1;
const empty = new Uint8Array(0);

const ACCESS_MODE = 3;
const O_RDONLY = 0;
/** fattr.valid: what a SETATTR changes. */
const FATTR = { MODE: 1 << 0, UID: 1 << 1, GID: 1 << 2 } as const;

/** An inode number that the kernel knows. It stays with its path even if what is there goes and comes back. */
interface Inode {
  readonly number: number;
  readonly path: string;
  readonly entries: Map<string, Inode>;
  /** What chmod and chown have set. */
  permissions?: number;
  uid?: number;
  gid?: number;
}

/** An open file. As with the kernel's seq_file its text is made when it is read from the beginning, and then kept. */
interface FileHandle {
  readonly path: string;
  readonly file: OpenedFile;
  text: Buffer | undefined;
}

/** Who owns the files, and the time that they all have. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  readonly timeS: number;
}

/**
 * Serves files as a FUSE filesystem. Every answer is made at the moment of the request; only inode numbers and open
 * files are kept, so that what is read is never older than the request.
 */
export class FuseFilesystem {
  private readonly inodes: Inode[] = [];
  private readonly files = new Map<number, FileHandle>();
  private readonly directories = new Map<number, readonly FuseEntry[]>();
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
   * @returns the answer; undefined if the request wants none; 'unknown' for an operation that there is not.
   * @throws ErrnoError with the errno of the system call.
   */
  handle({ opcode, nodeId, body }: FuseRequest): Uint8Array | undefined | 'unknown' {
    switch (opcode) {
      case OPCODE.INIT:
        return initOut(word(body, 12));
      case OPCODE.LOOKUP:
        return entryOut(this.attributes(this.child(this.inode(nodeId), nameAt(body))));
      case OPCODE.GETATTR:
        return attrOut(this.attributes(this.inode(nodeId)));
      case OPCODE.SETATTR:
        return this.setAttributes(this.inode(nodeId), body);
      case OPCODE.READLINK:
        return Buffer.from(this.mounted.readlink(pathOf(this.inode(nodeId))), 'latin1');
      case OPCODE.OPEN:
        return this.open(pathOf(this.inode(nodeId)), word(body, 0));
      case OPCODE.READ:
        return this.read(longWord(body, 0), longWord(body, 8), word(body, 16));
      case OPCODE.WRITE:
        return this.write(longWord(body, 0), bytesOf(body).subarray(40, 40 + word(body, 16)));
      case OPCODE.RELEASE:
        this.files.delete(longWord(body, 0));
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
        // Each request is answered before the next one is read, so INTERRUPT finds nothing to interrupt.
        return undefined;
      default:
        return refuseChange(opcode);
    }
  }

  private newInode(path: string): Inode {
    const inode: Inode = { number: this.inodes.length + ROOT_INODE, path, entries: new Map() };
    this.inodes.push(inode);
    return inode;
  }

  private inode(nodeId: number): Inode {
    const inode = this.inodes[nodeId - ROOT_INODE];
    if (inode === undefined) throw new ErrnoError('ENOENT', `there is no inode ${nodeId}`);
    return inode;
  }

  /** The inode of an entry, which gets one if it is there. @throws ErrnoError ENOENT */
  private child(parent: Inode, name: string): Inode {
    let inode = parent.entries.get(name);
    if (inode === undefined) {
      const path = `${parent.path}/${name}`;
      this.mounted.lstat(path);
      inode = this.newInode(path);
      parent.entries.set(name, inode);
    }
    return inode;
  }

  private attributes(inode: Inode): FuseAttributes {
    const path = pathOf(inode);
    const { kind, mode, sizeBytes } = this.mounted.lstat(path);
    const { uid, gid, timeS } = this.owner;
    const { permissions = mode & 0o7777 } = inode;
    return {
      inode: inode.number,
      size: sizeBytes,
      mode: (mode & ~0o7777) | permissions,
      links: kind === 'directory' ? 2 + this.subdirectories(inode) : 1,
      uid: inode.uid ?? uid,
      gid: inode.gid ?? gid,
      timeS,
    };
  }

  private subdirectories({ path }: Inode): number {
    const isDirectory = (name: string): boolean => this.mounted.lstat(`${path}/${name}`).kind === 'directory';
    return this.mounted.readdir(`${path}/`).filter(isDirectory).length;
  }

  /** Keeps what chmod and chown set. Lengths and times are ignored: procfs and sysfs accept O_TRUNC, too. */
  private setAttributes(inode: Inode, body: DataView): Uint8Array {
    const valid = word(body, 0);
    this.mounted.lstat(pathOf(inode));
    if (valid & FATTR.MODE) inode.permissions = word(body, 68) & 0o7777;
    if (valid & FATTR.UID) inode.uid = word(body, 76);
    if (valid & FATTR.GID) inode.gid = word(body, 80);
    return attrOut(this.attributes(inode));
  }

  private open(path: string, flags: number): Uint8Array {
    const access = flags & ACCESS_MODE;
    const reads = access !== 1;
    const writes = access !== O_RDONLY;
    const file = this.mounted.open(path, reads ? 'read' : 'write');
    if (reads && writes) this.mounted.open(path, 'write');
    this.files.set(++this.lastHandle, { path, file, text: undefined });
    return openOut(this.lastHandle, 'file');
  }

  /** The open file. @throws ErrnoError EBADF for no such handle, what `gone` gives if the file is no longer there. */
  private handleOf(handle: number): FileHandle {
    const open = this.files.get(handle);
    if (open === undefined) throw new ErrnoError('EBADF', `there is no open file ${handle}`);
    if (this.mounted.exists(open.path)) return open;
    throw this.mounted.gone(open.path);
  }

  private read(handle: number, offset: number, sizeBytes: number): Uint8Array {
    const open = this.handleOf(handle);
    let { text } = open;
    if (text === undefined || offset === 0) {
      text = Buffer.from(open.file.read(), 'latin1');
      open.text = text;
    }
    return text.subarray(offset, offset + sizeBytes);
  }

  private write(handle: number, data: Buffer): Uint8Array {
    return writeOut(this.handleOf(handle).file.write(data.toString('latin1')));
  }

  private openDirectory(inode: Inode): Uint8Array {
    const names = this.mounted.readdir(`${inode.path}/`);
    const entries: FuseEntry[] = [
      { name: '.', inode: inode.number, type: typeOf(0o040000) },
      { name: '..', inode: this.parentOf(inode).number, type: typeOf(0o040000) },
    ];
    for (const name of names) {
      const child = this.child(inode, name);
      entries.push({ name, inode: child.number, type: typeOf(this.mounted.lstat(child.path).mode) });
    }
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

function typeOf(mode: number): number {
  return mode >> 12;
}

/** Directories of procfs and sysfs have no i_op for changes: EACCES without create, else EPERM (fs/namei.c). */
function refuseChange(opcode: number): 'unknown' {
  switch (opcode) {
    case OPCODE.CREATE:
      throw new ErrnoError('EACCES', 'no file can be made here');
    case OPCODE.SYMLINK:
    case OPCODE.MKNOD:
    case OPCODE.MKDIR:
    case OPCODE.UNLINK:
    case OPCODE.RMDIR:
    case OPCODE.RENAME:
    case OPCODE.RENAME2:
    case OPCODE.LINK:
      throw new ErrnoError('EPERM', 'the entries of this directory are the kernel’s');
    default:
      return 'unknown';
  }
}
