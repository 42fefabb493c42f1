import { describe, expect, test } from '@jest/globals';
import {
  allocDescs,
  canRequestIrq,
  disableIrqNosync,
  enableIrq,
  freeIrq,
  handleLevelIrq,
  IRQ_HANDLED,
  IRQ_WAKE_THREAD,
  IRQF_COND_ONESHOT,
  IRQF_COND_SUSPEND,
  IRQF_FORCE_RESUME,
  IRQF_NO_AUTOEN,
  IRQF_NO_DEBUG,
  IRQF_NO_SUSPEND,
  IRQF_NOBALANCING,
  IRQF_ONESHOT,
  IRQF_PERCPU,
  IRQF_PROBE_SHARED,
  IRQF_SHARED,
  IRQF_TRIGGER_HIGH,
  IRQF_TRIGGER_RISING,
  type IrqAction,
  irqchipFlags,
  irqd,
  type IrqDesc,
  irqs,
  irqSetAffinityNotifier,
  irqSetStatusFlags,
  irqStatus,
  irqUpdateAffinityHint,
  requestIrq,
  requestThreadedIrq,
  type ThreadFn,
} from '../../../src/irq/index.js';
import { Completion } from '../../../src/machine/completion.js';
import { Lab } from '../lab.js';

const EINVAL = -22;
const EBUSY = -16;
const ENOSYS = -38;

const noThread: ThreadFn = function* () {
  return IRQ_HANDLED;
};

function request(
  lab: Lab,
  desc: IrqDesc,
  flags: number,
  name: string,
  threadFn: ThreadFn | null = null,
): number {
  return lab.run(requestThreadedIrq(lab.core, desc.irq, () => IRQ_HANDLED, threadFn, flags, name, name));
}

describe('bad requests', () => {
  test('flags that contradict each other', () => {
    const lab = new Lab();
    const desc = lab.line();
    expect(lab.request(desc, IRQF_SHARED, null)).toBe(EINVAL);
    expect(lab.request(desc, IRQF_SHARED | IRQF_NO_AUTOEN)).toBe(EINVAL);
    expect(lab.request(desc, IRQF_COND_SUSPEND)).toBe(EINVAL);
    expect(lab.request(desc, IRQF_SHARED | IRQF_COND_SUSPEND | IRQF_NO_SUSPEND)).toBe(EINVAL);
    expect(desc.action).toBeUndefined();
  });

  test('no line, no handler, a line that may not be requested, a line without chip', () => {
    const lab = new Lab();
    expect(lab.run(requestIrq(lab.core, 99, () => 1, 0, 'x', 1))).toBe(EINVAL);
    const desc = lab.line();
    expect(lab.run(requestThreadedIrq(lab.core, desc.irq, null, null, 0, 'x', 1))).toBe(EINVAL);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NOREQUEST);
    expect(lab.request(desc)).toBe(EINVAL);
    expect(lab.request(lab.desc(allocDescs(lab.core, -1, 0, 1)))).toBe(ENOSYS);
  });

  test('a thread without handler must be ONESHOT, unless the chip is safe', () => {
    const lab = new Lab();
    const desc = lab.line();
    const flags = 0;
    expect(lab.run(requestThreadedIrq(lab.core, desc.irq, null, noThread, flags, 't', 1))).toBe(EINVAL);
    expect(lab.log).toEqual(['genirq: Threaded irq requested with handler=NULL and !ONESHOT for t (irq 24)']);
    const safe = lab.line({ chip: lab.chip({ flags: irqchipFlags.ONESHOT_SAFE }) });
    expect(lab.run(requestThreadedIrq(lab.core, safe.irq, null, noThread, IRQF_ONESHOT, 't', 1))).toBe(0);
    expect(safe.action?.flags).toBe(0);
  });
});

describe('the first request', () => {
  test('starts the line and then sets its affinity', () => {
    const lab = new Lab();
    const desc = lab.line();
    expect(lab.request(desc)).toBe(0);
    expect(lab.take()).toEqual(['unmask', 'affinity 0-3']);
    expect(desc.cold.depth).toBe(0);
    expect(desc.data.state & (irqd.IRQ_STARTED | irqd.ACTIVATED)).toBe(irqd.IRQ_STARTED | irqd.ACTIVATED);
  });

  test('a chip may want the affinity first', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ flags: irqchipFlags.AFFINITY_PRE_STARTUP }) });
    lab.request(desc);
    expect(lab.take()).toEqual(['affinity 0-3', 'unmask']);
  });

  test('NO_AUTOEN, as flag or setting, leaves it disabled', () => {
    const lab = new Lab();
    const flagged = lab.line();
    lab.request(flagged, IRQF_NO_AUTOEN);
    expect(flagged.cold.depth).toBe(1);
    const set = lab.line();
    irqSetStatusFlags(lab.core, set.irq, irqStatus.NOAUTOEN);
    lab.request(set, IRQF_SHARED);
    expect(set.cold.depth).toBe(1);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/manage.c __setup_irq']);
    enableIrq(lab.core, flagged.irq);
    expect(flagged.cold.depth).toBe(0);
  });

  test('PERCPU, NOBALANCING and NO_DEBUG show in settings and state', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc, IRQF_PERCPU | IRQF_NOBALANCING | IRQF_NO_DEBUG);
    expect(desc.data.has(irqd.PER_CPU)).toBe(true);
    expect(desc.data.has(irqd.NO_BALANCING)).toBe(true);
    const { PER_CPU, NO_BALANCING, NO_DEBUG } = irqStatus;
    expect(desc.status).toBe(PER_CPU | NO_BALANCING | NO_DEBUG);
    expect(lab.take()).toEqual(['unmask']);
  });

  test('a trigger that the chip refuses refuses the request', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqSetType: () => EINVAL }) });
    expect(lab.request(desc, IRQF_TRIGGER_RISING)).toBe(EINVAL);
    expect(desc.action).toBeUndefined();
  });

  test('resources are asked for first and given back when the request fails', () => {
    const lab = new Lab();
    const seen: string[] = [];
    const chip = lab.chip({
      irqRequestResources: () => {
        seen.push('request');
        return 0;
      },
      irqReleaseResources: () => void seen.push('release'),
      irqSetType: () => EINVAL,
    });
    lab.request(lab.line({ chip }), IRQF_TRIGGER_RISING);
    expect(seen).toEqual(['request', 'release']);
  });

  test('resources that are not there refuse it', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqRequestResources: () => -19 }) });
    expect(lab.request(desc)).toBe(-19);
    expect(lab.log).toEqual(['genirq: Failed to request resources for dev (irq 24) on irqchip test']);
  });
});

describe('sharing', () => {
  test('all must agree; who does not is told both flags', () => {
    const lab = new Lab();
    const desc = lab.line();
    request(lab, desc, IRQF_SHARED, 'first');
    expect(request(lab, desc, 0, 'alone')).toBe(EBUSY);
    expect(request(lab, desc, IRQF_SHARED | IRQF_ONESHOT, 'oneshot')).toBe(EBUSY);
    expect(request(lab, desc, IRQF_SHARED | IRQF_PERCPU, 'percpu')).toBe(EBUSY);
    expect(request(lab, desc, IRQF_SHARED | IRQF_TRIGGER_HIGH, 'level')).toBe(EBUSY);
    expect(request(lab, desc, IRQF_PROBE_SHARED, 'quiet')).toBe(EBUSY);
    expect(request(lab, desc, IRQF_SHARED, 'second')).toBe(0);
    expect(lab.log).toEqual([
      'genirq: Flags mismatch irq 24. 00000000 (alone) vs. 00000080 (first)',
      'genirq: Flags mismatch irq 24. 00002080 (oneshot) vs. 00000080 (first)',
      'genirq: Flags mismatch irq 24. 00000480 (percpu) vs. 00000080 (first)',
      'genirq: Flags mismatch irq 24. 00000084 (level) vs. 00000080 (first)',
    ]);
    expect([...desc.actions()].map((action: IrqAction) => action.name)).toEqual(['first', 'second']);
  });

  test('COND_ONESHOT takes over ONESHOT where the kernel knows it', () => {
    for (const [kernel, ret] of [
      ['6.1', EBUSY],
      ['6.12', 0],
    ] as const) {
      const lab = new Lab({ kernel });
      const desc = lab.line();
      request(lab, desc, IRQF_SHARED | IRQF_ONESHOT, 'first', noThread);
      expect(request(lab, desc, IRQF_SHARED | IRQF_COND_ONESHOT, 'second')).toBe(ret);
    }
  });

  // kernel/irq/manage.c __setup_irq: thread_mask is an unsigned long, ffz of a full one is asked for by nobody.
  test('each ONESHOT sharer has its own bit, and the 65th there is none for', () => {
    const lab = new Lab();
    const desc = lab.line();
    for (let i = 0; i < 64; i++) request(lab, desc, IRQF_SHARED | IRQF_ONESHOT, `t${i}`, noThread);
    const masks = [...desc.actions()].map(({ threadMask, threadMaskHigh }) => [threadMask, threadMaskHigh]);
    expect(new Set(masks.map(String)).size).toBe(64);
    expect([masks[0], masks[31], masks[32], masks[63]]).toEqual([
      [1, 0],
      [1 << 31, 0],
      [0, 1],
      [0, 1 << 31],
    ]);
    expect(request(lab, desc, IRQF_SHARED | IRQF_ONESHOT, 'one too many', noThread)).toBe(EBUSY);
  });

  test('a level line stays masked until the thread of the 40th sharer has ended', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    let release: Completion | undefined;
    for (let i = 0; i < 40; i++) {
      const waits = i === 39;
      const thread: ThreadFn = function* () {
        if (!waits) return IRQ_HANDLED;
        release = new Completion('the last sharer');
        yield* release.wait();
        return IRQ_HANDLED;
      };
      const flags = IRQF_SHARED | IRQF_ONESHOT;
      lab.run(requestThreadedIrq(lab.core, desc.irq, null, thread, flags, `t${i}`, i));
    }
    lab.take();
    lab.fire(desc);
    expect([desc.threadsOneshot, desc.cold.threadsOneshotHigh, lab.take()]).toEqual([
      0,
      1 << 7,
      ['mask', 'ack'],
    ]);
    release?.complete();
    lab.machine.settle();
    expect([desc.cold.threadsOneshotHigh, lab.take()]).toEqual([0, ['unmask']]);
  });

  // kernel/irq/manage.c can_request_irq.
  test('whether a line could take one more', () => {
    const lab = new Lab();
    const desc = lab.line();
    const can = (flags: number, irq = desc.irq): boolean => canRequestIrq(lab.core, irq, flags);
    expect([can(0), can(0, 999)]).toEqual([true, false]);
    request(lab, desc, IRQF_SHARED, 'a');
    expect([can(0), can(IRQF_SHARED)]).toEqual([false, true]);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NOREQUEST);
    expect(can(IRQF_SHARED)).toBe(false);
  });

  test('actions that disagree about suspending warn once each', () => {
    const lab = new Lab();
    const desc = lab.line();
    request(lab, desc, IRQF_SHARED | IRQF_NO_SUSPEND, 'a');
    request(lab, desc, IRQF_SHARED, 'b');
    request(lab, desc, IRQF_SHARED | IRQF_COND_SUSPEND, 'c');
    const other = lab.line();
    request(lab, other, IRQF_SHARED | IRQF_FORCE_RESUME, 'd');
    request(lab, other, IRQF_SHARED, 'e');
    const warning = 'WARNING: at kernel/irq/pm.c irq_pm_install_action';
    expect(lab.log).toEqual([warning, warning]);
    for (const name of ['a', 'b', 'c']) lab.run(freeIrq(lab.core, desc.irq, name));
    lab.run(freeIrq(lab.core, other.irq, 'd'));
    expect([desc.cold.noSuspendDepth, desc.cold.condSuspendDepth, other.cold.forceResumeDepth]).toEqual([
      0, 0, 0,
    ]);
  });

  test('a sharer with the line’s trigger is welcome', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqSetType: () => 0 }) });
    request(lab, desc, IRQF_SHARED | IRQF_TRIGGER_RISING, 'a');
    expect(request(lab, desc, IRQF_SHARED | IRQF_TRIGGER_RISING, 'b')).toBe(0);
    expect(lab.log).toEqual([]);
  });

  test('a new sharer gives a line that was disabled as spurious another chance', () => {
    const lab = new Lab();
    const desc = lab.line();
    request(lab, desc, IRQF_SHARED, 'a');
    desc.istate |= irqs.SPURIOUS_DISABLED;
    disableIrqNosync(lab.core, desc.irq);
    request(lab, desc, IRQF_SHARED, 'b');
    expect(desc.cold.depth).toBe(0);
    expect(desc.istate & irqs.SPURIOUS_DISABLED).toBe(0);
  });
});

describe('freeIrq', () => {
  test('of an unknown dev_id warns and changes nothing', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc);
    expect(lab.run(freeIrq(lab.core, desc.irq, 'other'))).toBeNull();
    expect(lab.run(freeIrq(lab.core, 99, 'dev'))).toBeNull();
    expect(lab.log).toEqual([
      'Trying to free already-free IRQ 24',
      'WARNING: at kernel/irq/manage.c free_irq',
    ]);
    expect(desc.cold.nrActions).toBe(1);
  });

  test('removes one of several, and shuts the line down with the last', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    for (const name of ['a', 'b', 'c']) request(lab, desc, IRQF_SHARED, name);
    lab.take();
    expect(lab.run(freeIrq(lab.core, desc.irq, 'b'))).toBe('b');
    expect(lab.run(freeIrq(lab.core, desc.irq, 'a'))).toBe('a');
    expect(lab.take()).toEqual([]);
    expect(lab.run(freeIrq(lab.core, desc.irq, 'c'))).toBe('c');
    expect(lab.take()).toEqual(['mask']);
    expect(desc.cold.depth).toBe(1);
  });

  test('hint and notifier that were left are complained about and dropped', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc);
    irqUpdateAffinityHint(lab.core, desc.irq, lab.cpus('1'));
    irqSetAffinityNotifier(lab.core, desc.irq, { notify: () => {} });
    lab.run(freeIrq(lab.core, desc.irq, 'dev'));
    const warning = 'WARNING: at kernel/irq/manage.c free_irq';
    expect(lab.log).toEqual([warning, warning]);
    expect([desc.cold.affinityHint, desc.cold.affinityNotify]).toEqual([null, null]);
  });

  test('waits for the action’s thread', () => {
    const lab = new Lab();
    const desc = lab.line();
    const threadFn: ThreadFn = function* () {
      lab.calls.push('thread');
      return IRQ_HANDLED;
    };
    lab.run(requestThreadedIrq(lab.core, desc.irq, () => IRQ_WAKE_THREAD, threadFn, 0, 't', 1));
    lab.take();
    lab.hardirq(0, () => desc.handleIrq(desc));
    expect(desc.cold.threadsActive.value).toBe(1);
    lab.run(freeIrq(lab.core, desc.irq, 1));
    expect(lab.take()).toEqual(['thread', 'mask']);
    expect(desc.cold.threadsActive.value).toBe(0);
  });
});
