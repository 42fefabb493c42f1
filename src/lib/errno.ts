/** The error numbers of Linux (asm-generic/errno-base.h, errno.h, linux/errno.h), as far as the model returns them. */
export const errnoNumbers = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ERANGE: 34,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EPROTO: 71,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EDQUOT: 122,
  ENOTSUPP: 524,
} as const;

/** A name of Linux' error numbers, e.g. `EBUSY`. */
export type ErrnoCode = keyof typeof errnoNumbers;

const codeOfNumber = new Map<number, ErrnoCode>();
for (const [code, value] of Object.entries(errnoNumbers)) codeOfNumber.set(value, code as ErrnoCode);

/** Name of a negative return value as the kernel's functions give it, e.g. -16 → EBUSY. */
export function errnoCode(ret: number): ErrnoCode {
  const code = codeOfNumber.get(-ret);
  if (code === undefined) throw new RangeError(`no errno name for ${ret}`);
  return code;
}

/** The failure that a negative return value stands for. @param reason as that of ErrnoError. */
export function errorOf(ret: number, reason: string): ErrnoError {
  return new ErrnoError(errnoCode(ret), reason);
}

/** The value that a kernel function returns for `code`, e.g. EBUSY → -16. */
export function errnoValue(code: ErrnoCode): number {
  return -errnoNumbers[code];
}

/** A failure that the guest's user sees: a system call or library call that returned an errno. */
export class ErrnoError extends Error {
  override readonly name = 'ErrnoError';
  /** Errno as the kernel returns it, negative: -16 for EBUSY. */
  readonly errno: number;

  /**
   * @param code the errno's name.
   * @param reason a sentence that says what failed, where, and what to do about it.
   */
  constructor(
    readonly code: ErrnoCode,
    reason: string,
  ) {
    super(`${code}: ${reason}`);
    this.errno = errnoValue(code);
  }
}
