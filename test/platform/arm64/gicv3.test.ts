import { describe, expect, test } from '@jest/globals';
import {
  disableIrqNosync,
  enableIrq,
  freeIrq,
  IRQ_HANDLED,
  IRQ_WAKE_THREAD,
  IRQF_ONESHOT,
  IRQF_TRIGGER_FALLING,
  irqd,
  type IrqDesc,
  irqForceAffinity,
  irqGetIrqchipState,
  irqInjectInterrupt,
  irqSetIrqchipState,
  irqSetIrqType,
  irqSetIrqWake,
  irqType,
  requestIrq,
  requestThreadedIrq,
  resumeDeviceIrqs,
  suspendDeviceIrqs,
} from '../../../src/irq/index.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { parseCpuList } from '../../../src/machine/cpumask-text.js';
import type { Procedure } from '../../../src/machine/step.js';
import type { Arm64Platform } from '../../../src/platform/arm64/platform.js';
import { Gic } from '../../../src/platform/arm64/gic.js';
import type { GicDomain } from '../../../src/platform/arm64/gic-domain.js';
import type { LineHardware } from '../../../src/platform/line-hardware.js';
import { Lab, type LabOptions } from '../lab.js';

const EINVAL = errnoValue('EINVAL');
const PENDING = 0;
const ACTIVE = 1;
const MASKED = 2;
const LINE_LEVEL = 3;

/** A machine whose lines have handlers that write down where they run. */
class GicLab {
  readonly lab: Lab<Arm64Platform>;
  readonly seen: string[] = [];
  readonly domain: GicDomain;

  constructor(options: LabOptions = {}) {
    this.lab = Lab.arm64(options);
    this.domain = this.lab.platform.gic;
  }

  get gic() {
    return this.domain.gic;
  }

  get core() {
    return this.lab.core;
  }

  run<T>(proc: Procedure<T>): T {
    return this.lab.machine.run('test', proc);
  }

  /** A line of the GIC that is requested. @param during what its handler does. */
  spi(intid: number, type: number, during: (desc: IrqDesc) => void = () => {}): IrqDesc {
    const desc = this.domain.map(intid, type);
    const handler = (): number => {
      this.seen.push(`${intid}@${this.lab.machine.thisCpu}`);
      during(desc);
      return IRQ_HANDLED;
    };
    expect(this.run(requestIrq(this.core, desc.irq, handler, 0, `spi${intid}`, desc))).toBe(0);
    return desc;
  }

  take(): string[] {
    this.lab.machine.settle();
    return this.seen.splice(0);
  }

  state({ irq }: IrqDesc): string {
    const states = { pending: PENDING, active: ACTIVE, masked: MASKED } as const;
    return Object.entries(states)
      .filter(([, which]) => irqGetIrqchipState(this.core, irq, which) === true)
      .map(([name]) => name)
      .join(' ');
  }
}

// drivers/irqchip/irq-gic-v3.c gic_irq_domain_map, gic_chip; the same in 6.1, 6.12 and 7.2
describe('a line of the GICv3', () => {
  test('shared: handle_fasteoi_irq, one target, no software resend', () => {
    const { domain, lab } = new GicLab();
    const desc = domain.map(40, irqType.LEVEL_HIGH);
    expect(desc.handleIrq.name).toBe('handleFasteoiIrq');
    expect(desc.data.has(irqd.SINGLE_TARGET) && desc.data.has(irqd.HANDLE_ENFORCE_IRQCTX)).toBe(true);
    expect([desc.data.chip.name, desc.data.chip.flags]).toEqual(['GICv3', 0x15]);
    expect([desc.irq, desc.data.triggerType]).toEqual([9, irqType.LEVEL_HIGH]);
    expect(domain.map(40, irqType.LEVEL_HIGH)).toBe(desc);
    expect(() => domain.map(40, irqType.LEVEL_HIGH, 12)).toThrow('is IRQ 9 already, and cannot be 12');
    expect(lab.log).toEqual([]);
  });

  test.each([16, 31, 1056, 1119])('private: id %i is per CPU', (intid) => {
    const desc = new GicLab().domain.map(intid, irqType.EDGE_RISING);
    expect(desc.handleIrq.name).toBe('handlePercpuDevidIrq');
    expect(desc.percpuEnabled).not.toBeNull();
    expect(desc.data.has(irqd.SINGLE_TARGET)).toBe(false);
    expect(desc.data.has(irqd.HANDLE_ENFORCE_IRQCTX)).toBe(true);
  });

  test.each([1020, 1023, 1024, 1055, 1120, 4095, 5120, 8191, 8192])('there is no id %i', (intid) => {
    expect(() => new GicLab().domain.map(intid, irqType.EDGE_RISING)).toThrow(
      `GICv3 has no interrupt ${intid}; its lines are`,
    );
  });

  // its_irq_domain_alloc sets single target and the like; gic_irq_domain_map does not.
  test('an LPI: only where there is an ITS', () => {
    const { domain, gic, core } = new GicLab();
    gic.enableLpis(32);
    const desc = domain.map(8192, irqType.EDGE_RISING);
    expect([desc.handleIrq.name, desc.data.has(irqd.SINGLE_TARGET)]).toEqual(['handleFasteoiIrq', false]);
    expect(irqGetIrqchipState(core, desc.irq, PENDING)).toBe(EINVAL);
  });

  test.each([32, 1019, 4096, 5119])('id %i comes to its CPU', (intid) => {
    const gic = new GicLab();
    const desc = gic.spi(intid, irqType.EDGE_RISING);
    gic.lab.setAffinity(desc, '3');
    gic.gic.pulseShared(intid);
    expect(gic.take()).toEqual([`${intid}@3`]);
  });

  // IRQCHIP_SKIP_SET_WAKE (kernel/irq/manage.c set_irq_wake_real), IRQCHIP_MASK_ON_SUSPEND (pm.c suspend_device_irq)
  test('wakes the machine without the chip; is masked while the machine sleeps unless it wakes it', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.LEVEL_HIGH);
    const waking = gic.spi(41, irqType.LEVEL_HIGH);
    expect(irqSetIrqWake(gic.core, waking.irq, true)).toBe(0);
    gic.run(suspendDeviceIrqs(gic.core));
    expect([gic.state(desc), gic.state(waking)]).toEqual(['masked', '']);
    gic.run(resumeDeviceIrqs(gic.core));
    expect([gic.state(desc), gic.state(waking)]).toEqual(['', '']);
  });
});

// gic_set_type; irq-gic-common.c gic_configure_irq
describe('the trigger type', () => {
  test.each([
    ['EDGE_RISING', 0],
    ['EDGE_FALLING', EINVAL],
    ['EDGE_BOTH', EINVAL],
    ['LEVEL_HIGH', 0],
    ['LEVEL_LOW', EINVAL],
  ] as const)('of a shared line: %s gives %i', (type, ret) => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.LEVEL_HIGH);
    expect(irqSetIrqType(gic.core, desc.irq, irqType[type])).toBe(ret);
    expect(desc.data.triggerType).toBe(ret === 0 ? irqType[type] : irqType.LEVEL_HIGH);
    // IRQCHIP_SET_TYPE_MASKED: unmasked again in any case
    expect(gic.state(desc)).toBe('');
    expect(gic.lab.log).toEqual(
      ret === 0
        ? []
        : [`genirq: Setting trigger mode ${irqType[type]} for irq ${desc.irq} failed (gic_set_type)`],
    );
  });

  test('a request for one that the GIC has not is refused', () => {
    const gic = new GicLab();
    const { irq } = gic.domain.map(40, irqType.LEVEL_HIGH);
    expect(gic.run(requestIrq(gic.core, irq, () => IRQ_HANDLED, IRQF_TRIGGER_FALLING, 'x', 'x'))).toBe(
      EINVAL,
    );
  });

  test('of a private line is any', () => {
    const { domain } = new GicLab();
    const desc = domain.map(20, irqType.LEVEL_LOW);
    const { chip } = desc.data;
    for (const type of [1, 2, 3, 4, 8]) expect(chip.irqSetType?.(desc.data, type)).toBe(0);
  });

  test('of an SGI is EDGE_RISING only', () => {
    const { core } = new GicLab();
    const data = core.desc(1)?.data;
    const types = [1, 2, 3, 4, 8].map((type) => data?.chip.irqSetType?.(data, type));
    expect(types).toEqual([0, EINVAL, EINVAL, EINVAL, EINVAL]);
  });
});

// gic_set_affinity
describe('affinity', () => {
  test('goes to the first online CPU of the mask, at once, pending interrupts with it', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING);
    gic.lab.machine.cpu(0).localIrqDisable();
    gic.gic.pulseShared(40);
    expect(gic.state(desc)).toBe('pending');
    expect(gic.lab.setAffinity(desc, '1-3')).toBe(0);
    expect([gic.lab.affinity(desc), gic.lab.effective(desc)]).toEqual(['1-3', '1']);
    expect(gic.take()).toEqual(['40@1']);
    gic.lab.machine.cpu(0).localIrqEnable();
    expect(gic.take()).toEqual([]);
  });

  test('a masked line that moves stays masked (the enable bit is restored as it was)', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING);
    desc.data.chip.irqMask?.(desc.data);
    expect(gic.lab.setAffinity(desc, '2')).toBe(0);
    expect(gic.state(desc)).toBe('masked');
    gic.gic.pulseShared(40);
    expect(gic.take()).toEqual([]);
    desc.data.chip.irqUnmask?.(desc.data);
    expect(gic.take()).toEqual(['40@2']);
  });

  test('a forced one need not be online; of an empty mask no CPU can be taken', () => {
    const gic = new GicLab({ machine: { possible: 4, online: [0, 1] } });
    const desc = gic.spi(40, irqType.EDGE_RISING);
    const cpus = (list: string) => parseCpuList(list, 4);
    expect(irqForceAffinity(gic.core, desc.irq, cpus('3'))).toBe(0);
    expect(gic.lab.effective(desc)).toBe('3');
    gic.gic.pulseShared(40);
    expect(gic.take()).toEqual([]);
    expect(desc.data.chip.irqSetAffinity?.(desc.data, cpus(''), true)).toBe(EINVAL);
    gic.lab.up(3);
    expect(gic.take()).toEqual(['40@3']);
  });

  test('of a private line is refused', () => {
    const { domain } = new GicLab();
    const { data } = domain.map(20, irqType.LEVEL_LOW);
    expect(data.chip.irqSetAffinity?.(data, parseCpuList('1', 4), false)).toBe(EINVAL);
  });
});

// Arm IHI 0069, 4.1.2: an edge is kept whether the interrupt is enabled or not; a level is pending while it is high.
describe('pending, active and masked', () => {
  test('an edge that comes while the line is disabled is handled when it is enabled, once', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING);
    disableIrqNosync(gic.core, desc.irq);
    expect(gic.state(desc)).toBe('');
    gic.gic.pulseShared(40);
    // Lazily disabled: the first one masks (kernel/irq/chip.c handle_fasteoi_irq), the second waits in the GIC.
    expect(gic.state(desc)).toBe('masked');
    gic.gic.pulseShared(40);
    gic.gic.pulseShared(40);
    expect([gic.state(desc), gic.take()]).toEqual(['pending masked', []]);
    gic.run(enableIrqProc(gic, desc));
    expect(gic.take()).toEqual(['40@0']);
    expect(gic.state(desc)).toBe('');
  });

  test('a level that is high while the line is disabled comes when it is enabled, until it is low', () => {
    const gic = new GicLab();
    let left = 3;
    const desc = gic.spi(40, irqType.LEVEL_HIGH, () => {
      left -= 1;
      if (left === 0) gic.gic.driveShared(40, false);
    });
    disableIrqNosync(gic.core, desc.irq);
    gic.gic.driveShared(40, true);
    expect([gic.state(desc), gic.take()]).toEqual(['pending masked', []]);
    gic.run(enableIrqProc(gic, desc));
    expect(gic.take()).toEqual(['40@0', '40@0', '40@0']);
    expect([gic.state(desc), desc.totCount]).toEqual(['', 3]);
  });

  test('a level that goes before the line is enabled is forgotten, an edge is not', () => {
    const gic = new GicLab();
    const level = gic.domain.map(40, irqType.LEVEL_HIGH);
    const edge = gic.domain.map(41, irqType.EDGE_RISING);
    gic.gic.setEdge(41, true);
    gic.gic.pulseShared(40);
    gic.gic.pulseShared(41);
    expect([gic.state(level), gic.state(edge)]).toEqual(['masked', 'pending masked']);
  });

  test('what comes while the handler runs is active and pending, and handled next', () => {
    const gic = new GicLab();
    const states: string[] = [];
    const desc = gic.spi(40, irqType.EDGE_RISING, (line) => {
      if (states.length === 0) gic.gic.pulseShared(40);
      states.push(gic.state(line));
    });
    gic.gic.pulseShared(40);
    expect(gic.take()).toEqual(['40@0', '40@0']);
    expect(states).toEqual(['pending active', 'active']);
    expect(gic.state(desc)).toBe('');
  });

  test('an active interrupt comes to no other CPU before its end', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING, () => {
      if (gic.seen.length > 1) return;
      gic.lab.setAffinity(desc, '2');
      gic.gic.pulseShared(40);
      expect(gic.seen).toEqual(['40@0']);
    });
    gic.gic.pulseShared(40);
    expect(gic.take()).toEqual(['40@0', '40@2']);
  });

  test('the lowest id goes first', () => {
    const gic = new GicLab();
    for (const intid of [4100, 70, 35]) gic.spi(intid, irqType.EDGE_RISING);
    gic.lab.machine.cpu(0).localIrqDisable();
    for (const intid of [4100, 70, 35]) gic.gic.pulseShared(intid);
    gic.lab.machine.cpu(0).localIrqEnable();
    expect(gic.take()).toEqual(['35@0', '70@0', '4100@0']);
  });

  test('each CPU finds its own among others that wait', () => {
    const gic = new GicLab();
    const lines = [40, 41, 42, 43].map((intid) => gic.spi(intid, irqType.EDGE_RISING));
    for (const [nth, desc] of lines.entries()) gic.lab.setAffinity(desc, nth % 2 === 0 ? '1' : '0');
    for (const cpu of [0, 1]) gic.lab.machine.cpu(cpu).localIrqDisable();
    for (const intid of [40, 41, 42, 43]) gic.gic.pulseShared(intid);
    gic.lab.machine.cpu(0).localIrqEnable();
    expect(gic.take()).toEqual(['41@0', '43@0']);
    gic.lab.machine.cpu(1).localIrqEnable();
    expect(gic.take()).toEqual(['40@1', '42@1']);
  });

  test.each([0, 15, 16, 31, 1056, 1060, 1119])(
    "id %i of a CPU's own is pending, and taken, there alone",
    (intid) => {
      const gic = new GicLab();
      const { machine } = gic.lab;
      const asked: number[] = [];
      const hardware = new Gic(machine, (taken) => {
        asked.push(taken, machine.thisCpu);
        hardware.deactivate(taken);
      });
      hardware.setEnabled(intid, true);
      hardware.setEdge(intid, true);
      machine.cpu(0).localIrqDisable();
      hardware.pulsePrivate(0, intid);
      expect([hardware.isPending(intid), hardware.isEdgeWaiting(intid)]).toEqual([true, true]);
      machine.cpu(0).localIrqEnable();
      machine.settle();
      expect([asked, hardware.isPending(intid)]).toEqual([[intid, 0], false]);
      hardware.pulsePrivate(1, intid);
      machine.settle();
      expect(asked).toEqual([intid, 0]);
    },
  );

  test('a retrigger of what has no state by software is none (gic_retrigger)', () => {
    const gic = new GicLab();
    gic.gic.enableLpis(32);
    const desc = gic.domain.map(8192, irqType.EDGE_RISING);
    expect(desc.data.chip.irqRetrigger?.(desc.data)).toBe(0);
  });

  test('an interrupt that nobody has mapped is ended, and its CPU takes others', () => {
    const gic = new GicLab();
    gic.spi(40, irqType.EDGE_RISING);
    gic.gic.setEdge(99, true);
    gic.gic.setEnabled(99, true);
    gic.gic.pulseShared(99);
    expect(gic.gic.isActive(99)).toBe(false);
    gic.gic.pulseShared(40);
    expect(gic.take()).toEqual(['40@0']);
  });
});

// gic_irq_get_irqchip_state, gic_irq_set_irqchip_state, gic_retrigger
describe('the state by software', () => {
  test('pending raises the interrupt; so does debugfs, and a retrigger', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.LEVEL_HIGH);
    expect(irqSetIrqchipState(gic.core, desc.irq, PENDING, true)).toBe(0);
    expect(gic.take()).toEqual(['40@0']);
    expect(irqInjectInterrupt(gic.core, desc.irq)).toBe(0);
    expect(gic.take()).toEqual(['40@0']);
    expect(desc.data.chip.irqRetrigger?.(desc.data)).toBe(1);
    expect(gic.take()).toEqual(['40@0']);
  });

  test('pending can be taken back while the line is masked', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING);
    expect(irqSetIrqchipState(gic.core, desc.irq, MASKED, true)).toBe(0);
    gic.gic.pulseShared(40);
    expect(gic.state(desc)).toBe('pending masked');
    expect(irqSetIrqchipState(gic.core, desc.irq, PENDING, false)).toBe(0);
    expect(irqSetIrqchipState(gic.core, desc.irq, MASKED, false)).toBe(0);
    expect([gic.state(desc), gic.take()]).toEqual(['', []]);
  });

  test('active holds the interrupt back', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING);
    expect(irqSetIrqchipState(gic.core, desc.irq, ACTIVE, true)).toBe(0);
    gic.gic.pulseShared(40);
    expect([gic.state(desc), gic.take()]).toEqual(['pending active', []]);
    expect(irqSetIrqchipState(gic.core, desc.irq, ACTIVE, false)).toBe(0);
    expect(gic.take()).toEqual(['40@0']);
  });

  test('there is no line level', () => {
    const gic = new GicLab();
    const { irq } = gic.spi(40, irqType.LEVEL_HIGH);
    expect(irqGetIrqchipState(gic.core, irq, LINE_LEVEL)).toBe(EINVAL);
    expect(irqSetIrqchipState(gic.core, irq, LINE_LEVEL, true)).toBe(EINVAL);
  });
});

// kernel/irq/chip.c handle_fasteoi_irq with ONESHOT: eoi at once, unmask when the thread is done (no EOI_THREADED)
test('a oneshot line is masked, and no longer active, until its thread is done', () => {
  const gic = new GicLab();
  const desc = gic.domain.map(40, irqType.LEVEL_HIGH);
  const states: string[] = [];
  const thread = function* (): Procedure<number> {
    states.push(gic.state(desc));
    gic.gic.driveShared(40, false);
    return IRQ_HANDLED;
  };
  const proc = requestThreadedIrq(
    gic.core,
    desc.irq,
    () => IRQ_WAKE_THREAD,
    thread,
    IRQF_ONESHOT,
    'threaded',
    desc,
  );
  expect(gic.run(proc)).toBe(0);
  gic.gic.driveShared(40, true);
  gic.lab.machine.settle();
  expect(states).toEqual(['pending masked']);
  expect(gic.state(desc)).toBe('');
});

test('free_irq of the last action masks; the next request finds what is pending', () => {
  const gic = new GicLab();
  const desc = gic.spi(40, irqType.EDGE_RISING);
  gic.run(freeIrq(gic.core, desc.irq, desc));
  expect(gic.state(desc)).toBe('masked');
  gic.gic.pulseShared(40);
  gic.spi(40, irqType.EDGE_RISING);
  expect(gic.take()).toEqual(['40@0']);
});

test('a CPU that goes gives its shared interrupts to others of their masks', () => {
  const gic = new GicLab();
  const desc = gic.spi(40, irqType.EDGE_RISING);
  gic.lab.setAffinity(desc, '1,3');
  gic.lab.down(1);
  expect([gic.lab.affinity(desc), gic.lab.effective(desc)]).toEqual(['1,3', '3']);
  gic.lab.down(3);
  expect([gic.lab.affinity(desc), gic.lab.effective(desc)]).toEqual(['0,2', '0']);
  gic.gic.pulseShared(40);
  expect(gic.take()).toEqual(['40@0']);
});

describe('the device’s side of a line', () => {
  const hardwareOf = (gic: GicLab, desc: IrqDesc): LineHardware => {
    const hardware = gic.lab.platform.lineHardware(desc);
    if (hardware === undefined) throw new Error(`IRQ ${desc.irq} has no hardware`);
    return hardware;
  };

  test('tells what becomes of an edge', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.EDGE_RISING);
    const hardware = hardwareOf(gic, desc);
    const cpu = gic.lab.machine.cpu(0);
    cpu.localIrqDisable();
    expect([hardware.edge(), hardware.edge(), hardware.waiting]).toEqual(['sent', 'joined', 1]);
    cpu.localIrqEnable();
    expect([hardware.waiting, gic.take()]).toEqual([0, ['40@0']]);
    disableIrqNosync(gic.core, desc.irq);
    expect([hardware.edge(), hardware.edge(), hardware.edge()]).toEqual(['sent', 'sent', 'joined']);
    expect([hardware.waiting, desc.totCount]).toEqual([1, 1]);
  });

  test('drives a level, and cannot be short', () => {
    const gic = new GicLab();
    const desc = gic.spi(40, irqType.LEVEL_HIGH, () => hardware.drive(false));
    const hardware = hardwareOf(gic, desc);
    expect(hardware.edge()).toBe('lost');
    hardware.drive(true);
    expect([gic.take(), hardware.waiting]).toEqual([['40@0'], 0]);
  });

  test('is there for shared lines of the GIC only', () => {
    const gic = new GicLab();
    const { platform } = gic.lab;
    expect(platform.lineHardware(gic.domain.map(20, irqType.LEVEL_LOW))).toBeUndefined();
    expect(platform.lineHardware(gic.lab.add({ irq: 30, chip: 'gpio', hwirq: 4 }))).toBeUndefined();
  });
});

function* enableIrqProc(gic: GicLab, { irq }: IrqDesc): Procedure<void> {
  enableIrq(gic.core, irq);
}
