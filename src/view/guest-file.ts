import { type Token, token } from '../lib/token.js';
import type { TreeNode } from './tree-node.js';

/** A file of a guest, or a directory with all that is in it, and where it stands. */
export interface GuestFile {
  /** From the root, such as `/proc/softirqs`: below /proc, /sys or /dev. Directories above it that are not there are made. */
  readonly path: string;
  readonly node: TreeNode;
  /** False while the guest has no such file. Default: it always has it. */
  readonly isThere?: () => boolean;
}

/** Plug-in point: files of /proc and /sys. Bind any number, each at a path of its own. */
export const GUEST_FILE: Token<GuestFile> = token('GuestFile');
