import type { TraceBehaviour } from './kernel.js';

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

/** `events/header_page` (ring_buffer_print_page_header). */
export function headerPage({ charIsUnsigned, overwriteType }: TraceBehaviour): string {
  const charSigned = Number(!charIsUnsigned);
  const overwriteSigned = overwriteType === 'int' ? 1 : charSigned;
  return (
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n' +
    '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
    `\tfield: ${overwriteType} overwrite;\toffset:8;\tsize:1;\tsigned:${overwriteSigned};\n` +
    `\tfield: char data;\toffset:16;\tsize:4080;\tsigned:${charSigned};\n`
  );
}

/** TRACE_PRINT, the number of ftrace's own event for texts (kernel/trace/trace.h enum trace_type). */
const TRACE_PRINT = 5;

/** `events/ftrace/print/format`. */
export function printFormat({ charIsUnsigned }: TraceBehaviour): string {
  const charSigned = Number(!charIsUnsigned);
  return `name: print
ID: ${TRACE_PRINT}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;
\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:${charSigned};

print fmt: "%ps: %s", (void *)REC->ip, REC->buf
`;
}
