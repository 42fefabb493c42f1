import type { CpuId } from '../lib/brand.js';

/** How the kernel log writes what the model knows only in part: it has no line numbers, PIDs and addresses. */
export interface LogStyle {
  /** Lines before and behind a warning. */
  readonly frame: { readonly begin: readonly string[]; readonly end: readonly string[] };
  /** Whether a warning's own text comes before the line that names its place. */
  readonly textFirst: boolean;
  /** What stands for an address (%p). */
  readonly address: string;
  /** The same in angle brackets (<%p>). */
  readonly bracketedAddress: string;
  /** The line that names the place of a warning. */
  place(file: string, func: string, cpu: CpuId): string;
}

/** What kernel/panic.c writes around a warning, without modules, registers and the stack. */
const frame = {
  begin: ['------------[ cut here ]------------'],
  end: ['---[ end trace 0000000000000000 ]---'],
};

/** What %p gives while there are no random numbers to hash addresses with (lib/vsprintf.c default_pointer). */
const address = '(____ptrval____)';
const bracketedAddress = `<${address}>`;

/** As recordings keep the log: comparable between kernels. */
export const recordedLogStyle: LogStyle = {
  frame: { begin: [], end: [] },
  textFirst: true,
  address: '<ptr>',
  bracketedAddress: '<ptr>',
  place: (file, func) => `WARNING: at ${file} ${func}`,
};

/** kernel/panic.c __warn up to 6.18: `WARNING: CPU: 0 PID: 1 at FILE:LINE FUNCTION+OFFSET`. */
export const cpuFirstLogStyle: LogStyle = {
  frame,
  textFirst: true,
  address,
  bracketedAddress,
  place: (file, func, cpu) => `WARNING: CPU: ${cpu} at ${file} ${func}`,
};

/**
 * kernel/panic.c __warn of 7.2: `WARNING: FILE:LINE at FUNCTION+OFFSET, CPU#0: COMM/PID`.
 *
 * @param textFirst false where the architecture hands the text on to __warn (HAVE_ARCH_BUG_FORMAT_ARGS).
 */
export function placeFirstLogStyle(textFirst: boolean): LogStyle {
  return {
    frame,
    textFirst,
    address,
    bracketedAddress,
    place: (file, func, cpu) => `WARNING: ${file} at ${func}, CPU#${cpu}`,
  };
}
