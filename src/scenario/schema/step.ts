import { z } from 'zod';
import { type ErrnoCode, errnoNumbers } from '../../lib/errno.js';
import type { Action, Expectation } from '../scenario.js';
import { device } from './device.js';
import { hostAct } from './host.js';
import {
  cpu,
  cpuList,
  duration,
  guestPath,
  int,
  irq,
  keysIn,
  mapping,
  printTarget,
  relid,
  whenMapping,
} from './values.js';
import { didYouMean } from '../suggest.js';

const affinity = mapping('{irq: 39, cpus: "0-1"} or {relid: 19, cpu: 0}', {
  irq: irq.optional().describe('Linux IRQ number, together with cpus'),
  cpus: cpuList.optional().describe('CPUs that the interrupt may go to'),
  relid: relid.optional().describe('Relid of a channel, together with cpu'),
  cpu: cpu.optional().describe("CPU for the channel's cpu file in sysfs"),
})
  .superRefine((value, context) => {
    const given = keysIn(value, ['irq', 'cpus', 'relid', 'cpu']).join(' ');
    if (given === 'irq cpus' || given === 'relid cpu') return;
    context.addIssue({ code: 'custom', message: 'an affinity has either irq and cpus, or relid and cpu' });
  }, whenMapping)
  .meta({ oneOf: [{ required: ['irq', 'cpus'] }, { required: ['relid', 'cpu'] }] });

const text = 'a text or a whole number';
const textOrNumber = z.union([z.string({ error: text }), z.int({ error: text })], { error: text });

const yes = z.literal(true, { error: 'true' });
const relidMap = z
  .record(z.string().regex(/^[1-9]\d{0,3}$/, { error: 'a relid as key' }), relid, {
    error: 'a mapping such as {14: 40}',
  })
  .transform((relids) => new Map(Object.entries(relids).map(([old, fresh]) => [Number(old), fresh])));

const actions = {
  offline: cpu.describe('Take this CPU offline'),
  online: cpu.describe('Bring this CPU online'),
  affinity: affinity.describe("Set an interrupt's CPUs, or a channel's CPU"),
  write: guestPath.describe("Write data to a file of the guest's /proc or /sys"),
  read: guestPath.describe("Read a file of the guest's /proc or /sys"),
  offer: device.describe('The host offers one more device'),
  rescind: relid.describe('The host takes this channel back'),
  channels: mapping('{relid: 13, count: 4}', { relid, count: int(1, 64) }).describe(
    'Change the number of channels of a network device (ethtool -L)',
  ),
  signal: relid.describe('The host signals this channel'),
  count: mapping('{irq: 39, cpu: 0}', { irq, cpu: cpu.optional() }).describe(
    'How often an interrupt was counted, on one CPU or all together',
  ),
  host: hostAct.describe('The host does what it must not'),
  refused: z
    .string({ error: 'a reason' })
    .describe('How often the guest refused something of the host for this reason'),
  suspend: yes.describe('The guest hibernates'),
  resume: z
    .union([yes, mapping('a mapping such as {relids: {14: 40}}', { relids: relidMap })], {
      error: 'true, or a mapping such as {relids: {14: 40}}',
    })
    .describe(
      'The guest wakes up on a host that offers its devices with other relids, counted on or as given',
    ),
  shutdown: yes.describe('The guest leaves its host for a new kernel, as with kexec'),
  connect: int(0, 0xffffffff).describe('A socket of the guest connects to this vsock port of the host'),
  print: printTarget.describe('Print a file of the guest'),
};

/** Keys that belong to one action only. */
const companions: Readonly<Record<string, string>> = { data: 'write', contains: 'read', times: 'signal' };

const stepKeys = mapping('a step, e.g. {at: 1s, offline: 3}', {
  at: duration.optional().describe('When, from the end of booting; default: right after the step before'),
  data: textOrNumber.optional().describe('write: what to write'),
  times: int(1, 1_000_000).optional().describe('signal: how often; default 1'),
  contains: z.string({ error: 'a text' }).optional().describe('read: text that must be in the file'),
  expect: textOrNumber
    .optional()
    .describe('Name of the errno that must come, or the text (read) or number (count); default: success'),
  ...z.object(actions).partial().shape,
});

type StepKeys = z.output<typeof stepKeys>;
type ActionName = keyof typeof actions;
const actionNames = Object.keys(actions) as ActionName[];
const errnoNames = Object.keys(errnoNumbers);

export const step = stepKeys
  .superRefine(checkStep, whenMapping)
  .transform((keys) => ({ atNs: keys.at, action: toAction(keys), expect: toExpectation(keys) }))
  .meta({
    oneOf: actionNames.map((name) => ({ required: [name] })),
    dependencies: {
      data: ['write'],
      write: ['data'],
      times: ['signal'],
      contains: ['read'],
      count: ['expect'],
      refused: ['expect'],
    },
  });

function checkStep(value: StepKeys, context: z.RefinementCtx): void {
  const given = keysIn(value, actionNames);
  if (given.length !== 1) {
    const message =
      given.length === 0
        ? `a step needs an action: one of ${actionNames.join(', ')}`
        : `a step has one action, not ${given.length} (${given.join(', ')})`;
    context.addIssue({ code: 'custom', message, path: given.slice(1, 2) });
    return;
  }
  const [name] = given;
  for (const key of keysIn(value, ['data', 'times', 'contains'])) {
    if (companions[key] === name) continue;
    context.addIssue({
      code: 'custom',
      message: `"${key}" goes with "${companions[key]}" only`,
      path: [key],
    });
  }
  if (name === 'write' && value.data === undefined) {
    context.addIssue({ code: 'custom', message: '"data" is missing: expected what to write' });
  }
  const message = expectationProblem(name, value);
  if (message === undefined) return;
  context.addIssue({ code: 'custom', message, path: value.expect === undefined ? [] : ['expect'] });
}

function expectationProblem(name: ActionName, { expect, contains }: StepKeys): string | undefined {
  if (name === 'count' || name === 'refused') {
    return typeof expect === 'number'
      ? undefined
      : `"${name}" needs "expect" with the number that must be there`;
  }
  if (expect === undefined) return undefined;
  if (name === 'print') return '"print" has nothing to expect; use "read"';
  if (name === 'read') return contains === undefined ? undefined : 'give "expect" or "contains", not both';
  if (errnoNames.includes(String(expect))) return undefined;
  return `expected the name of an errno such as EBUSY, not ${JSON.stringify(expect)}${didYouMean(String(expect), errnoNames)}`;
}

function toExpectation({ count, refused, read, expect, contains }: StepKeys): Expectation {
  if (contains !== undefined) return { kind: 'contains', text: contains };
  if (expect === undefined) return { kind: 'success' };
  if (count !== undefined || refused !== undefined) return { kind: 'count', count: Number(expect) };
  const isErrno = errnoNames.includes(String(expect));
  if (read !== undefined && !isErrno) return { kind: 'text', text: String(expect) };
  return { kind: 'errno', code: expect as ErrnoCode };
}

function toAction(keys: StepKeys): Action {
  if (keys.offline !== undefined) return { kind: 'offline', cpu: keys.offline };
  if (keys.online !== undefined) return { kind: 'online', cpu: keys.online };
  if (keys.write !== undefined) return { kind: 'write', path: keys.write, data: String(keys.data) };
  if (keys.read !== undefined) return { kind: 'read', path: keys.read };
  if (keys.offer !== undefined) return { kind: 'offer', device: keys.offer };
  if (keys.rescind !== undefined) return { kind: 'rescind', relid: keys.rescind };
  if (keys.channels !== undefined) return { kind: 'channels', ...keys.channels };
  if (keys.signal !== undefined) return { kind: 'signal', relid: keys.signal, times: keys.times ?? 1 };
  if (keys.count !== undefined) return { kind: 'count', irq: keys.count.irq, cpu: keys.count.cpu };
  if (keys.host !== undefined) return { kind: 'host', act: keys.host };
  if (keys.refused !== undefined) return { kind: 'refused', reason: keys.refused };
  if (keys.suspend !== undefined) return { kind: 'suspend' };
  if (keys.resume !== undefined) {
    return { kind: 'resume', relids: keys.resume === true ? undefined : keys.resume.relids };
  }
  if (keys.shutdown !== undefined) return { kind: 'shutdown' };
  if (keys.connect !== undefined) return { kind: 'connect', port: keys.connect };
  if (keys.print !== undefined) return { kind: 'print', path: keys.print };
  const { irq: number = 0, cpus, relid: channel = 0, cpu: target = 0 } = keys.affinity ?? {};
  if (cpus !== undefined) return { kind: 'affinity', irq: number, cpus };
  return { kind: 'channelCpu', relid: channel, cpu: target };
}
