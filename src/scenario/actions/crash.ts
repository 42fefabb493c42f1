import { z } from 'zod';
import { cpu } from '../schema/notations.js';
import { mapping } from '../schema/shapes.js';
import { defineAction } from './action.js';

const yes = z.literal(true, { error: 'true' });
const text = z.string({ error: 'a text' });
const cmdline = text.optional().describe("The new kernel's command line");

/** What is said of the next kernel. */
export const nextKernelKeys = { cmdline };

/** What is said of a panic. */
export const panicKeys = {
  cpu: cpu.optional().describe('Where; default 0'),
  reason: text.optional().describe('What it says; default: that of echo c > /proc/sysrq-trigger'),
};

export const panic = defineAction({
  name: 'panic',
  value: z
    .union([yes, mapping('a mapping such as {cpu: 1}', panicKeys)], {
      error: 'true, or a mapping such as {cpu: 1}',
    })
    .describe('The kernel panics, and no crash kernel is loaded: nothing runs in the guest any more'),
  fields: (given) => (given === true ? {} : given),
  describe: () => 'panic',
  endsWithCall: true,
  perform(guest, options) {
    guest.panic(options);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, [...at, 'cpu']),
});

export const crash = defineAction({
  name: 'crash',
  value: z
    .union([yes, mapping('a mapping such as {cpu: 1}', { ...panicKeys, ...nextKernelKeys })], {
      error: 'true, or a mapping such as {cpu: 1}',
    })
    .describe('The kernel panics, and the crash kernel is started: on that CPU, which is its CPU 0'),
  fields: (given) => (given === true ? {} : given),
  describe: () => 'crash',
  endsWithCall: true,
  perform(guest, options) {
    guest.crash(options);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, [...at, 'cpu']),
});

export const kexec = defineAction({
  name: 'kexec',
  value: z
    .union([yes, mapping('a mapping such as {cmdline: "threadirqs"}', nextKernelKeys)], {
      error: 'true, or a mapping such as {cmdline: "threadirqs"}',
    })
    .describe("A new kernel is started in the old one's place, on all CPUs"),
  fields: (given) => (given === true ? {} : given),
  describe: () => 'kexec',
  endsWithCall: true,
  perform(guest, options) {
    guest.kexec(options);
  },
});
