import { describe, expect, test } from '@jest/globals';
import { kernelBehaviour, type KernelVersion } from '../../src/irq/kernel.js';
import { AddressSpace } from '../../src/trace/binary/address-space.js';
import { guid, int, text, u8, u64 } from '../../src/trace/c-type.js';
import { either, rec, str, symbolic, TraceEvent } from '../../src/trace/event.js';
import { parseFilter } from '../../src/trace/filter.js';
import { TraceRing } from '../../src/trace/ring.js';
import {
  irqHandlerEntry,
  irqHandlerExit,
  softirqRaise,
  taskletEntry,
  workqueueQueueWork,
} from '../../src/machine/trace-events.js';
import { vmbusNegotiateVersion, vmbusOpen } from '../../src/vmbus/trace-events.js';

const unsignedChar = kernelBehaviour('7.2');
const signedChar = kernelBehaviour('6.1');

describe('one table of fields gives all forms', () => {
  const event = new TraceEvent(
    'mine',
    'mine_event',
    { small: u8, big: u64, word: int, id: guid, name: text },
    'small=%04u big=%llx word=%3d id=%pUl name=%s is=%s',
    [rec('small'), rec('big'), rec('word'), rec('id'), str('name'), either('word', 'yes', 'no')],
  );
  const values = { small: 7, big: 0x1_0000_0001, word: -1, id: 'a', name: 'x' };

  test('fields are aligned as in C', () => {
    expect(event.fields.slice(4).map(({ name, offset }) => [name, offset])).toEqual([
      ['small', 8],
      ['big', 16],
      ['word', 24],
      ['id', 28],
      ['name', 44],
    ]);
  });

  test('the text has widths, zeros, signs and 64 bits', () => {
    expect(event.textOf(values)).toBe('small=0007 big=100000001 word= -1 id=a name=x is=yes');
  });

  test('an event is as long as its struct, which ends aligned, and its texts', () => {
    expect(event.bytesOf(values)).toBe(48 + 2);
    expect(irqHandlerEntry.bytesOf({ irq: 1, name: 'ilab' })).toBe(16 + 5);
    expect(vmbusNegotiateVersion.fields.at(-1)?.offset).toBe(40);
  });

  test('plain char is signed in old kernels only', () => {
    expect(event.format(1, signedChar)).toContain('\tfield:char id[16];\toffset:28;\tsize:16;\tsigned:1;\n');
    expect(event.format(1, unsignedChar)).toContain(
      '\tfield:__data_loc char[] name;\toffset:44;\tsize:4;\tsigned:0;\n',
    );
  });

  test('numbers without a word, and both words', () => {
    const symbol = new TraceEvent('mine', 'symbol', { vec: int }, '%s', [symbolic('vec', ['HI'])]);
    expect([0, 16].map((vec) => symbol.textOf({ vec }))).toEqual(['HI', '0x10']);
    expect(irqHandlerExit.textOf({ irq: 3, ret: 0 })).toBe('irq=3 ret=unhandled');
    expect(softirqRaise.textOf({ vec: 6 })).toBe('vec=6 [action=TASKLET]');
    expect(
      vmbusOpen.textOf({
        child_relid: 11,
        openid: 11,
        gpadlhandle: 0xe1e12,
        target_vp: 1,
        offset: 2,
        ret: -11,
      }),
    ).toBe('sending child_relid 0xb, openid 11, gpadlhandle 0xe1e12, target_vp 0x1, offset 0x2, ret -11');
  });
});

describe('filters', () => {
  const addresses = new AddressSpace();
  const address = `0x${addresses.addressOf('vmbus_on_event').toString(16)}`;
  const where = { cpu: 3, comm: 'irq_set_affinit', pid: 77, flags: 4, preemptDepth: 1 };
  const entry = { event: irqHandlerEntry.plain, values: { irq: 24, name: 'ilab' } };
  const tasklet = { event: taskletEntry.plain, values: { tasklet: '0x1', func: 'vmbus_on_event' } };
  const queued = {
    event: workqueueQueueWork.plain,
    values: { work: 0, function: 'f', workqueue: 'w', req_cpu: 2, cpu: 1 },
  };

  function parsed(filter: string, event: TraceEvent, kernel: KernelVersion = '6.12') {
    const cpusOf = (list: string): ReadonlySet<number> | undefined => {
      const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(list) ?? [];
      if (from === undefined) return undefined;
      return new Set(Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => Number(from) + at));
    };
    return parseFilter(filter, event, { id: 151, behaviour: kernelBehaviour(kernel), addresses, cpusOf });
  }

  test.each([
    ['irq==24', true],
    ['irq == 0x18', true],
    ['irq > 24 || name == "ilab"', true],
    ['!(irq > 20) && name ~ "il*"', false],
    ['irq & 8 && name != "other"', true],
    ["name ~ '?lab'", true],
    ['irq<24||(irq>=25&&irq<=30)', false],
    ['((irq == 24))&&((common_pid<14872||common_pid>14879))', true],
    ['common_pid==77 && common_type==151 && common_flags==4 && common_preempt_count==1', true],
    ['common_pid!=77', false],
    ['cpu==3 && CPU==3 && common_cpu<4', true],
    ['comm=="irq_set_affinit" && COMM~"irq_*"', true],
    ['irq == 030', true],
    ['irq == 4294967320', true],
    ['name ~ "*[a-b]"', true],
    ['name ~ "*[!a-b]" || name ~ "[xyz]lab"', false],
    ['name ~ "il[]ab]b"', true],
    ['name ~ "i\\\\lab" || name ~ "i\\lab"', true],
    ['name ~ "[z-a]lab"', false],
    ['name ~ "i[l"', false],
    ['name ~ "!il*"', false],
    ['name ~ "*a*b*"', true],
    ['irq == 24 && ', true],
    ['irq == 23 || !', false],
    ['! !irq == 24', true],
    ['!(irq == 23 || name == "other") && cpu == 3', true],
    ['irq == 23 || irq == 24 && cpu == 3', true],
    ['cpu & CPUS{2-3}', true],
    ['cpu & CPUS{0-2}', false],
    ['cpu == CPUS{3}', true],
    ['CPU != CPUS{3}', false],
    ['cpu == CPUS{2-3}', false],
    ['cpu != CPUS{2-3}', true],
    ['irq & CPUS{24}', true],
    ['cpu & 3', false],
  ])('%s', (filter, expected) => {
    expect(result(filter, entry)).toBe(expected);
  });

  test.each([
    ['func.function == vmbus_on_event', tasklet, true],
    ['func.function != vmbus_on_event', tasklet, false],
    ['func.function == other && cpu == 3', tasklet, false],
    [`func.function == ${address}`, tasklet, true],
    ['req_cpu & CPUS{2-3}', queued, true],
    ['req_cpu & CPUS{3}', queued, false],
    ['workqueue ~ "0*"', queued, false],
  ])('%s', (filter, on, expected) => {
    expect(result(filter, on)).toBe(expected);
  });

  function result(filter: string, { event, values }: typeof entry | typeof tasklet | typeof queued): boolean {
    const found = parsed(filter, event);
    if (!('passes' in found)) throw new Error(found.message);
    return found.passes({ values, ...where });
  }

  test.each([
    ['irq==', 'EINVAL', 'Invalid value (did you forget quotes)?', 6],
    ['nofield==1', 'EINVAL', 'Field not found', 8],
    ['toString==1', 'EINVAL', 'Field not found', 9],
    ['name==ilab', 'EINVAL', 'Invalid value (did you forget quotes)?', 7],
    ['irq', 'EINVAL', 'Invalid operator', 4],
    // What is wrong with quotes and parentheses is found first, and its number goes out as an errno.
    ['(irq==1', 'ENOENT', "Too many '('", 0],
    ['irq==1 && ((irq==2)', 'ENOENT', "Too many '('", 10],
    ['irq==1)', 'EPERM', "Too few '('", 6],
    ['name == "a', 'ESRCH', 'Missing matching quote', 8],
    ['', 'EINVAL', undefined, 0],
    ['()', 'EINVAL', undefined, 0],
    ['!', 'EINVAL', 'No filter found', 1],
    ['== 3', 'EPERM', undefined, 0],
    ['irq==1 && ()', 'EPERM', undefined, 0],
    ['irq==1 irq==2', 'EPERM', 'Too many terms in predicate expression', 7],
    ['irq==1 & irq==2', 'EPERM', 'Too many terms in predicate expression', 7],
    ['name == 1', 'EINVAL', 'Expecting string field', 9],
    ['name & 1', 'EINVAL', 'Expecting string field', 8],
    ['irq ~ 1', 'EINVAL', 'Illegal operation for field type', 7],
    ['name > "foo"', 'EINVAL', 'Illegal operation for field type', 8],
    ['irq == "x"', 'EINVAL', 'Expecting numeric field', 8],
    ['irq == 1z', 'EINVAL', 'Illegal integer value', 8],
    ['irq == 08', 'EINVAL', 'Illegal integer value', 8],
    ['irq == 99999999999999999999', 'EINVAL', 'Illegal integer value', 8],
    ['irq == -9223372036854775809', 'EINVAL', 'Illegal integer value', 8],
    ['irq == 999999999999999999999999', 'EINVAL', 'Operand too long', 32],
    [`name == "${'x'.repeat(256)}"`, 'EINVAL', 'Operand too long', 266],
    ['cpu & CPUS', 'EINVAL', "Missing '{'", 12],
    ['cpu & CPUS{3', 'EINVAL', "Missing '}'", 13],
    ['cpu & CPUS{}', 'EINVAL', 'Invalid cpulist', 12],
    ['cpu & CPUS{x}', 'EINVAL', 'Invalid cpulist', 13],
    ['cpu > CPUS{3}', 'EINVAL', 'Illegal operation for field type', 7],
    ['name & CPUS{3}', 'EINVAL', 'Illegal operation for field type', 8],
    ['irq.function == vmbus_on_event', 'EINVAL', 'Illegal operation for field type', 17],
  ])('%j is none: %s', (filter, code, message, at) => {
    expect(parsed(filter, entry.event)).toEqual({ code, message, at });
  });

  test.each([
    ['func.function > vmbus_on_event', 'Invalid operator', 17],
    ['func.function == 1abc', 'Invalid value (did you forget quotes)?', 22],
    ['func.function == 0x12', 'Function not found', 22],
    ['func.function == +', 'Function not found', 19],
  ])('%j is none of a function', (filter, message, at) => {
    expect(parsed(filter, tasklet.event)).toEqual({ code: 'EINVAL', message, at });
  });

  test.each([
    ['cpu & CPUS{3}', 'Invalid value (did you forget quotes)?', 7],
    ['func.function == vmbus_on_event', 'Invalid operator', 5],
  ])('Linux 6.1 does not know %s', (filter, message, at) => {
    expect(parsed(filter, tasklet.event, '6.1')).toEqual({ code: 'EINVAL', message, at });
  });
});

describe('a ring of two pages', () => {
  const ring = (): TraceRing<{ readonly ns: number }> => new TraceRing(2);

  test('counts bytes with headers, and a late event more', () => {
    const small = ring();
    small.push({ ns: 0 }, 20);
    small.push({ ns: 1 }, 21);
    small.push({ ns: 2 ** 27 + 1 }, 20);
    expect([small.entries, small.bytes]).toEqual([3, 24 + 28 + 8 + 24]);
  });

  test('overwrites the oldest page at once, and counts what was on it', () => {
    const full = ring();
    for (let at = 0; at < 2 * 170; at++) full.push({ ns: at }, 20);
    expect([full.entries, full.overrun]).toEqual([340, 0]);
    full.push({ ns: 340 }, 20);
    expect([full.entries, full.overrun]).toEqual([171, 170]);
    expect([...full][0]).toEqual({ ns: 170 });
  });
});
