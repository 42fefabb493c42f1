import { describe, expect, test } from '@jest/globals';
import {
  freeIrq,
  genericHandleDemuxDomainIrq,
  handleSimpleIrq,
  irqChipRedirectSetAffinity,
  type IrqChip,
  irqd,
  type IrqDesc,
  irqSetAffinity,
  irqSetStatusFlags,
  irqStatus,
  kstatIrqsCpu,
} from '../../../src/irq/index.js';
import { formatCpuList } from '../../../src/machine/cpumask-text.js';
import { Lab } from '../lab.js';

/** A demultiplexed line, requested, and what has its interrupt come to a CPU. */
function setUp(more: Partial<IrqChip> = {}) {
  const lab = new Lab({ kernel: '7.2' });
  const domain = lab.domain();
  const chip = lab.chip({ irqSetAffinity: irqChipRedirectSetAffinity, ...more });
  const desc = lab.line({ chip, flow: handleSimpleIrq, hwirq: 3, domain });
  irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
  lab.request(desc);
  lab.take();
  const fire = (cpu: number, hwirq = 3): boolean => {
    let handled = false;
    lab.hardirq(cpu, () => {
      handled = genericHandleDemuxDomainIrq(domain, hwirq);
    });
    return handled;
  };
  const move = (cpus: string): number => irqSetAffinity(lab.core, desc.irq, lab.cpus(cpus));
  return { lab, desc, fire, move };
}

const counts = (desc: IrqDesc): number[] => [0, 1, 2, 3].map((cpu) => kstatIrqsCpu(desc, cpu));

/** From reading kernel/irq/irqdesc.c demux_redirect_remote and kernel/irq/chip.c of 7.2.8; no recording has it. */
describe('genericHandleDemuxDomainIrq', () => {
  test('on a CPU of the affinity the handler runs there', () => {
    const { lab, desc, fire, move } = setUp();
    expect(move('1-2')).toBe(0);
    expect([formatCpuList(desc.data.effectiveAffinity), desc.cold.redirectTarget]).toEqual(['1-2', 1]);
    expect([fire(1), fire(2), lab.take(), counts(desc)]).toEqual([
      true,
      true,
      ['handler@1', 'handler@2'],
      [0, 1, 1, 0],
    ]);
  });

  test('elsewhere it runs on the first CPU of the affinity, and counts there', () => {
    const { lab, desc, fire, move } = setUp();
    move('1-2');
    expect([fire(0), fire(3), lab.take(), counts(desc)]).toEqual([
      true,
      true,
      ['handler@1', 'handler@1'],
      [0, 2, 0, 0],
    ]);
  });

  test('while that CPU keeps interrupts off, interrupts wait and become one', () => {
    const { lab, desc, fire, move } = setUp();
    move('2');
    lab.machine.cpu(2).localIrqDisable();
    expect([fire(0), fire(1), lab.take()]).toEqual([true, true, []]);
    lab.machine.cpu(2).localIrqEnable();
    expect([lab.take(), desc.totCount]).toEqual([['handler@2'], 1]);
  });

  test('the chip is asked before, wherever the interrupt is handled', () => {
    const calls: string[] = [];
    const { fire, move } = setUp({ irqPreRedirect: (d) => void calls.push(`pre ${d.hwirq}`) });
    move('1');
    fire(0);
    fire(1);
    expect(calls).toEqual(['pre 3', 'pre 3']);
  });

  test('no such line', () => {
    expect(setUp().fire(0, 4)).toBe(false);
  });

  test('a line that nobody has requested is not redirected; on its CPU it is handled, and nobody takes it', () => {
    const { lab, desc, fire, move } = setUp();
    move('1');
    lab.run(freeIrq(lab.core, desc.irq, 'dev'));
    lab.take();
    expect([fire(0), desc.cold.redirectWork, fire(1), lab.take()]).toEqual([true, undefined, true, []]);
  });

  test('free_irq waits for what was redirected', () => {
    const { lab, desc, fire, move } = setUp();
    move('1');
    lab.machine.cpu(1).localIrqDisable();
    fire(0);
    lab.machine.clock.after(7, { fire: () => lab.machine.cpu(1).localIrqEnable() });
    lab.run(freeIrq(lab.core, desc.irq, 'dev'));
    expect([lab.machine.clock.now, lab.take()]).toEqual([7, ['mask']]);
  });

  test('moved meanwhile, it still runs where it was sent', () => {
    const { lab, fire, move } = setUp();
    move('1');
    lab.machine.cpu(1).localIrqDisable();
    fire(0);
    move('2');
    lab.machine.cpu(1).localIrqEnable();
    fire(0);
    expect(lab.take()).toEqual(['handler@1', 'handler@2']);
  });

  test('when its CPU goes offline it may be handled on all others', () => {
    const { lab, desc, fire, move } = setUp();
    move('3');
    lab.down(3);
    lab.take();
    expect([formatCpuList(desc.data.effectiveAffinity), desc.cold.redirectTarget]).toEqual(['0-2', 0]);
    expect([fire(2), lab.take()]).toEqual([true, ['handler@2']]);
  });

  test('a line that wants hard interrupt context has it there, too', () => {
    const { lab, desc, fire, move } = setUp();
    desc.data.set(irqd.HANDLE_ENFORCE_IRQCTX);
    move('1');
    expect([fire(0), lab.take(), lab.log]).toEqual([true, ['handler@1'], []]);
  });
});
