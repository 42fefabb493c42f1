import { ErrnoError } from '../lib/errno.js';
import { latin1Bytes, latin1Text } from '../lib/text-bytes.js';
import type { KernelLog, LogLine } from '../machine/log.js';
import { utf8 } from '../trace/binary/utf8.js';
import { type FileNode, type FileStream, readAll } from './tree-node.js';

/** Bytes of the kernel's buffer (CONFIG_LOG_BUF_SHIFT), and for each CPU but the first where there are many (CONFIG_LOG_CPU_MAX_BUF_SHIFT). */
const BUFFER_BYTES = 1 << 17;
const CPU_BYTES = 1 << 12;
/** Bytes of text that there is one descriptor for (PRB_AVGBITS). */
const BYTES_OF_RECORD = 1 << 5;
/** What a record takes beside its text: its id in front, and a zero. */
const EXTRA_BYTES = 8 + 1;
/** PRINTKRB_RECORD_MAX */
const MOST_WRITTEN = 1024;
const USER = 1;
const DEFAULT_LEVEL = 4;

/** The lines of the log that the kernel's ring buffer still has (kernel/printk/printk_ringbuffer.c). */
class LogBuffer {
  private readonly mostBytes: number;
  private oldest = 0;
  private next = 0;
  private bytes = 0;

  constructor(
    private readonly log: KernelLog,
    possibleCpus: number,
  ) {
    const forCpus = (possibleCpus - 1) * CPU_BYTES;
    const wanted = forCpus > BUFFER_BYTES / 2 ? forCpus + BUFFER_BYTES : BUFFER_BYTES;
    this.mostBytes = 2 ** Math.ceil(Math.log2(wanted));
  }

  /** Number of the oldest line that is there (prb_first_valid_seq). */
  get first(): number {
    this.follow();
    return this.oldest;
  }

  /** Number of the next line that is going to be written (prb_next_seq). */
  get end(): number {
    return this.log.lines.length;
  }

  line(seq: number): LogLine | undefined {
    return this.log.lines[seq];
  }

  /** Takes the place of the oldest lines for those that have been written since. */
  private follow(): void {
    const { lines } = this.log;
    for (; this.next < lines.length; this.next++) this.bytes += bytesOf(lines[this.next]);
    while (this.bytes > this.mostBytes || this.next - this.oldest > this.mostBytes / BYTES_OF_RECORD) {
      this.bytes -= bytesOf(lines[this.oldest]);
      this.oldest += 1;
    }
  }
}

function bytesOf({ text }: LogLine): number {
  return Math.ceil((text.length + EXTRA_BYTES) / 8) * 8;
}

/** `/dev/kmsg` (kernel/printk/printk.c kmsg_fops): a record a read, from the oldest line on. */
export function kmsgFile(log: KernelLog, possibleCpus: number): FileNode {
  const buffer = new LogBuffer(log, possibleCpus);
  const openStream = (): FileStream => new KmsgReader(buffer);
  return {
    kind: 'file',
    mode: 0o644,
    size: 0,
    unwritable: { code: 'EINVAL', at: 'write' },
    read: () => readAll(openStream()),
    write: (data) => writeKmsg(log, data),
    openStream,
  };
}

class KmsgReader implements FileStream {
  private seq: number;

  constructor(private readonly buffer: LogBuffer) {
    this.seq = buffer.first;
  }

  /** devkmsg_read */
  read(bytes: number, by: 'read' | 'splice'): Uint8Array | undefined {
    if (by === 'splice') throw new ErrnoError('EINVAL', '/dev/kmsg cannot be spliced; read it');
    const { first } = this.buffer;
    if (this.seq < first) {
      this.seq = first;
      throw new ErrnoError('EPIPE', 'the next lines have been overwritten; the oldest that is left is next');
    }
    const line = this.buffer.line(this.seq);
    if (line === undefined) return undefined;
    const record = recordOf(this.seq, line);
    this.seq += 1;
    if (record.length > bytes)
      throw new ErrnoError(
        'EINVAL',
        `a record of ${record.length} bytes does not fit into a read of ${bytes}`,
      );
    return record;
  }

  isReady(): boolean {
    return this.seq < this.buffer.end;
  }

  /** devkmsg_llseek; nobody clears the log, so that its data begins with the first line that there ever was. */
  seek(to: 'first' | 'data' | 'end'): void {
    if (to === 'end') this.seq = this.buffer.end;
    else this.seq = to === 'data' ? 0 : this.buffer.first;
  }
}

/** A line as a record (info_print_ext_header, msg_add_ext_text): what is no printable ASCII is escaped. */
function recordOf(seq: number, { ns, text, priority }: LogLine): Uint8Array {
  const escaped = byteText(text).replace(
    /[^ -~]|\\/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return latin1Bytes(`${priority},${seq},${Math.floor(ns / 1000)},-;${escaped}\n`);
}

/** Bytes that are no UTF-8 lie in a line as U+DC80 to U+DCFF, which no text has by themselves. */
const BYTE = 0xdc00;

/** A line's bytes, a character each. */
function byteText(text: string): string {
  return Array.from(text, (char) => {
    const byte = char.charCodeAt(0) - BYTE;
    return byte >= 0x80 && byte <= 0xff ? String.fromCharCode(byte) : latin1Text(utf8(char));
  }).join('');
}

/** The line that bytes are, up to a zero. */
function lineOf(bytes: string): string {
  const [data] = bytes.split('\0', 1);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(latin1Bytes(data));
  } catch {
    return data.replace(/[\x80-\xff]/g, (char) => String.fromCharCode(BYTE + char.charCodeAt(0)));
  }
}

/** devkmsg_write: a line of user space, with its priority in front as <14>. */
function writeKmsg(log: KernelLog, data: string): number {
  if (data.length > MOST_WRITTEN)
    throw new ErrnoError('EINVAL', `a line has at most ${MOST_WRITTEN} bytes, not ${data.length}`);
  const [prefix, number] = /^<(\d+)>/.exec(data) ?? ['', undefined];
  const given = number === undefined ? DEFAULT_LEVEL : Number(number) % 2 ** 32;
  const facility = given >>> 3 || USER;
  log.printk(lineOf(data.slice(prefix.length)).replace(/\n$/, ''), false, facility * 8 + (given & 7));
  return data.length;
}
