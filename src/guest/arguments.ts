import { z } from 'zod';
import { ringNames } from '../host/misbehave/rings.js';
import { nextKernelKeys, panicKeys } from '../scenario/actions/crash.js';
import { disableWaits } from '../scenario/actions/lines.js';
import { uioDeeds } from '../scenario/actions/uio.js';
import { place } from '../scenario/host-acts/poke.js';
import { interrupt } from '../scenario/schema/interrupt.js';
import { device } from '../scenario/schema/device.js';
import { handlerKeys } from '../scenario/schema/line-request.js';
import { misbehaveRule } from '../scenario/schema/misbehave-rule.js';
import { bool, cpu, irq, nonEmpty, relid, u32 } from '../scenario/schema/notations.js';
import { optionSchema } from '../scenario/schema/option-form.js';
import { pciDevice } from '../scenario/schema/pci.js';
import { instance, int, list, mapping, word } from '../scenario/schema/shapes.js';

// What methods of a guest take. What scenario files can say as well has the schema of these.

export { bool, cpu, irq, nonEmpty, relid, u32 };

export const deviceArgument = optionSchema(device);
export const interruptArgument = optionSchema(interrupt);
export const pciArgument = optionSchema(pciDevice);
export const ruleArgument = optionSchema(misbehaveRule);

/** Event flags have more numbers than relids. */
export const anyRelid = int(0, Number.MAX_SAFE_INTEGER);
export const ringName = word(ringNames);
export const ringPlace = place;
export const uioDeed = word(uioDeeds);
export const disableWait = word(disableWaits);

/** Whose range is that of the system call that takes it, which has an errno for what is outside. */
export const anInt = z.int({ error: 'a whole number' });

const spanText = 'a number from 0 on';
const span = z.number({ error: spanText }).min(0, { error: spanText }).optional();

export const runTime = mapping('a time such as {seconds: 10} or {ms: 5}', {
  seconds: span,
  ms: span,
  us: span,
  ns: span,
}).refine((time) => Object.values(time).some((part) => part !== undefined), {
  error: 'a guest runs for a time such as {seconds: 10} or {ms: 5}',
});

const eventsText = 'a list of events such as ["irq:*", "hyperv:vmbus_open"]';

export const traceArgument = mapping('an object such as {events: ["irq:*"]}', {
  events: list(eventsText, z.string({ error: 'an event such as "irq:*"' })),
  bufferKb: int(1, 1 << 24).optional(),
});

export const panicArgument = mapping('an object such as {cpu: 1}', panicKeys);
export const crashArgument = mapping('an object such as {cpu: 1}', { ...panicKeys, ...nextKernelKeys });
export const kexecArgument = mapping('an object such as {cmdline: "threadirqs"}', nextKernelKeys);

export const modulesArgument = list('names of modules such as hv_netvsc', nonEmpty);

/** How often something is done: not at all, too. */
export const times = int(0, Number.MAX_SAFE_INTEGER);
const bytes = int(0, 0xffffffff);

export const submitArgument = mapping('an object such as {cpu: 0, count: 4}', {
  count: times.optional(),
  cpu: cpu.optional(),
  bytes: bytes.optional(),
  write: bool.optional(),
  lun: int(0, 254).optional(),
});

export const framesArgument = mapping('an object such as {flow: 1, count: 4}', {
  count: times.optional(),
  flow: int(0, Number.MAX_SAFE_INTEGER).optional(),
  bytes: bytes.optional(),
});

const indirectionText = 'one of {equal: 2}, {weights: [1, 2]} and {default: true}';
export const indirectionArgument = z.union(
  [
    mapping(indirectionText, { equal: anInt }),
    mapping(indirectionText, { weights: list('a list of weights', int(0, 1_000_000)) }),
    mapping(indirectionText, { default: z.literal(true, { error: 'true' }) }),
  ],
  { error: indirectionText },
);

export const raiseArgument = mapping('an object such as {name: "uart"}', {
  name: nonEmpty.optional(),
  cpu: cpu.optional(),
});

export const requestArgument = optionSchema(
  mapping('a request such as {name: "uart"}', { name: nonEmpty, ...handlerKeys }),
);

export const messageBytes = instance(
  'expected the bytes of a message, as Uint8Array',
  (value) => value instanceof Uint8Array,
);

export const relidMap = instance(
  'expected a Map of old relids to new ones',
  (value) => typeof (value as { get?: unknown } | null)?.get === 'function',
).optional();
