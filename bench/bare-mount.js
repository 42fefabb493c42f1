// What bench/floor/fuse.c does, in this language and with nothing of irqlab: a file served by FUSE, each request answered at
// once from memory. It waits in read(2) itself, as irqlab has a thread do.
//
// Usage: node bare-mount.js DIRECTORY FILE: DIRECTORY/file has the bytes of FILE until the directory is unmounted.
import { spawnSync } from 'node:child_process';
import { openSync, readFileSync, readSync, writevSync } from 'node:fs';

const OPCODE = { lookup: 1, forget: 2, getattr: 3, open: 14, read: 15, release: 18, init: 26 };
const NO_ANSWER = [OPCODE.forget, 36, 42];
const FILE_NODE = 2;
const [directory, file] = process.argv.slice(2);
const text = readFileSync(file);
const device = openSync('/dev/fuse', 'r+');
const header = Buffer.alloc(16);

/** An answer of so many bytes, with 32-bit words at some of them. */
function answerOf(bytes, words) {
  const answer = Buffer.alloc(bytes);
  for (const [at, word] of Object.entries(words)) answer.writeUInt32LE(word, Number(at));
  return answer;
}

/** Words of fuse_attr at `at`: inode, mode, nlink. */
const attributes = (node, at) => ({
  [at]: node,
  [at + 60]: node === FILE_NODE ? 0o100444 : 0o40755,
  [at + 64]: 1,
});
const init = answerOf(64, { 0: 7, 4: 31, 20: 1 << 16, 24: 1 });
const opened = answerOf(16, { 8: 1 });
const entry = answerOf(128, { 0: FILE_NODE, ...attributes(FILE_NODE, 40) });

/** What a request is answered, or the errno. */
function answerTo(request, opcode) {
  switch (opcode) {
    case OPCODE.init:
      return init;
    case OPCODE.lookup:
      return request.toString('latin1', 40, 45) === 'file\0' ? entry : -2;
    case OPCODE.getattr:
      return answerOf(104, attributes(request.readUInt32LE(16), 16));
    case OPCODE.open:
      return opened;
    case OPCODE.read: {
      const offset = request.readUInt32LE(48);
      return text.subarray(offset, offset + request.readUInt32LE(56));
    }
    default:
      return opcode === OPCODE.release ? 0 : -38;
  }
}

function answer(request) {
  const opcode = request.readUInt32LE(4);
  if (NO_ANSWER.includes(opcode)) return;
  const given = answerTo(request, opcode);
  const [error, bytes] = typeof given === 'number' ? [given, []] : [0, [given]];
  header.writeUInt32LE(header.length + (bytes[0]?.length ?? 0), 0);
  header.writeInt32LE(error, 4);
  request.copy(header, 8, 8, 16);
  writevSync(device, [header, ...bytes]);
}

const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
const { status } = spawnSync('mount', ['-i', '-t', 'fuse.bare', '-o', options, 'bare', directory], {
  stdio: ['ignore', 'inherit', 'inherit', device],
});
if (status !== 0) process.exit(1);
const request = Buffer.alloc(1 << 17);
for (;;) {
  try {
    readSync(device, request, 0, request.length, null);
  } catch ({ code }) {
    if (code === 'ENODEV') break;
    // The request was interrupted before it could be read.
    continue;
  }
  answer(request);
}
