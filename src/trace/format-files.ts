import type { TraceBehaviour } from './kernel.js';
import { PAGE_BYTES } from './ring.js';

/** `events/header_event` (kernel/trace/ring_buffer.c ring_buffer_print_entry_header). */
export const headerEvent = `# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
`;

/** `events/header_page` (ring_buffer_print_page_header). @param pageBytes bytes of a page that hold events. */
export function headerPage(
  { charIsUnsigned, overwriteType }: TraceBehaviour,
  pageBytes = PAGE_BYTES,
): string {
  const charSigned = Number(!charIsUnsigned);
  const overwriteSigned = overwriteType === 'int' ? 1 : charSigned;
  return (
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n' +
    '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
    `\tfield: ${overwriteType} overwrite;\toffset:8;\tsize:1;\tsigned:${overwriteSigned};\n` +
    `\tfield: char data;\toffset:16;\tsize:${pageBytes};\tsigned:${charSigned};\n`
  );
}
