import { describe, expect, test } from '@jest/globals';
import { freeIrq, type IrqChip, type IrqDesc, IRQF_SHARED } from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

/** A line behind a slow bus, whose lock is written down. */
function slowLine(lab: Lab, more: Partial<IrqChip> = {}): IrqDesc {
  const note = (call: string) => () => void lab.calls.push(call);
  const desc = lab.line({
    chip: lab.chip({ irqBusLock: note('lock'), irqBusSyncUnlock: note('sync'), ...more }),
  });
  // irq_set_chip_and_handler takes the bus, too.
  lab.take();
  return desc;
}

// kernel/irq/manage.c: __setup_irq and __free_irq hold chip_bus_lock around what they do to the line.
describe('a line behind a slow bus', () => {
  test('is requested with the bus locked, and what the chip was told is sent at the end', () => {
    const lab = new Lab();
    lab.request(slowLine(lab));
    expect(lab.take()).toEqual(['lock', 'unmask', 'affinity 0-3', 'sync']);
  });

  test('is not left locked by a request that fails', () => {
    const lab = new Lab();
    expect(lab.request(slowLine(lab, { irqRequestResources: () => -19 }))).toBe(-19);
    expect(lab.take()).toEqual(['lock', 'sync']);
  });

  test('is locked twice when freed: for the handler, and for what the chip gave', () => {
    const lab = new Lab();
    const desc = slowLine(lab, { irqReleaseResources: () => void lab.calls.push('release') });
    lab.request(desc);
    lab.take();
    expect(lab.run(freeIrq(lab.core, desc.irq, 'dev'))).toBe('dev');
    expect(lab.take()).toEqual(['lock', 'mask', 'sync', 'lock', 'release', 'sync']);
  });

  test('is locked once while others keep it', () => {
    const lab = new Lab();
    const desc = slowLine(lab);
    for (const dev of ['a', 'b']) lab.request(desc, IRQF_SHARED, dev);
    lab.take();
    lab.run(freeIrq(lab.core, desc.irq, 'a'));
    expect(lab.take()).toEqual(['lock', 'sync']);
  });

  test('is not left locked where there is nothing to free; who comes next gets all locks', () => {
    const lab = new Lab();
    const desc = slowLine(lab);
    expect(lab.run(freeIrq(lab.core, desc.irq, 'nobody'))).toBeNull();
    expect(lab.take()).toEqual(['lock', 'sync']);
    expect([desc.lock.isHeld, desc.cold.requestMutex.isHeld]).toEqual([false, false]);
    expect(lab.request(desc)).toBe(0);
  });
});
