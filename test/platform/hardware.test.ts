import { describe, expect, test } from '@jest/globals';
import type { IrqDesc } from '../../src/irq/data/irqdesc.js';
import { MsiDesc } from '../../src/irq/msi/msi-desc.js';
import type { ClockEvent } from '../../src/machine/clock.js';
import type { LineHardware } from '../../src/platform/line-hardware.js';
import { MsiTable } from '../../src/platform/pci/msi-table.js';
import type { PciFunction } from '../../src/platform/pci/pci-function.js';
import type { Platform, PlatformSetup } from '../../src/platform/platform.js';
import { Arm64Platform } from '../../src/platform/arm64/platform.js';
import { X86Platform } from '../../src/platform/x86/platform.js';
import { composeMsiMsg, decodeMsiMsg } from '../../src/platform/x86/msi-msg.js';
import { Lab } from './lab.js';

// The device's side of lines: PCI 3.0, 6.8 (messages, mask and pending bits), the 82093AA's pins, the IRR of a local APIC
// (one bit a vector) and the pending bit of a GIC.

const x86 = (setup: PlatformSetup = {}): Lab<X86Platform> =>
  new Lab((machine, core) => new X86Platform(machine, core, undefined, setup), { dynirqLowerBound: 24 });
const arm64 = (setup: PlatformSetup = {}): Lab<Arm64Platform> =>
  new Lab((machine, core) => new Arm64Platform(machine, core, undefined, setup), {
    genericPendingIrq: false,
  });

/** A line of a PCI function, requested. */
function message(lab: Lab<Platform>, func: Partial<PciFunction> = {}): IrqDesc {
  const { machine, platform } = lab;
  const { pciMsi } = platform;
  if (pciMsi === undefined) throw new Error('no PCI');
  const nic: PciFunction = { name: '0000:00:04.0', node: -1, msix: 4, ...func };
  expect(machine.run('alloc', pciMsi.allocIrqVectors(nic, 2, 2))).toBe(2);
  const irq = pciMsi.irqVector(nic, 1);
  expect(lab.request(irq, nic)).toBe(0);
  machine.settle();
  return lab.desc(irq);
}

function hardwareOf({ platform }: Lab<Platform>, desc: IrqDesc): LineHardware {
  const hardware = platform.lineHardware?.(desc);
  if (hardware === undefined) throw new Error(`IRQ ${desc.irq} has no hardware`);
  return hardware;
}

type Made = [Lab<Platform>, IrqDesc];
const kinds: [string, () => Made][] = [
  ['a message', () => made(x86())],
  ['a message that Intel remaps', () => made(x86({ interruptRemapping: 'intel' }))],
  ['a message that AMD remaps', () => made(x86({ interruptRemapping: 'amd' }))],
  ['a message of a passed-through bus', () => made(x86(), { bus: 'hyperv' })],
  ['a message to an ITS', () => made(arm64({ its: true }))],
  ['a message of a passed-through bus on arm64', () => made(arm64(), { bus: 'hyperv' })],
];

function made(lab: Lab<Platform>, func: Partial<PciFunction> = {}): Made {
  return [lab, message(lab, func)];
}

describe.each(kinds)('%s', (_, make) => {
  test('comes once it is sent; while its CPU takes no interrupts the next ones join it', () => {
    const [lab, desc] = make();
    const hardware = hardwareOf(lab, desc);
    const cpu = lab.machine.cpu(desc.data.effectiveAffinity.first());
    cpu.localIrqDisable();
    expect(hardware.waiting).toBe(0);
    expect([hardware.edge(), hardware.waiting]).toEqual(['sent', 1]);
    expect([hardware.edge(), hardware.waiting]).toEqual(['joined', 1]);
    cpu.localIrqEnable();
    lab.machine.settle();
    expect([hardware.waiting, desc.totCount]).toEqual([0, 1]);
  });

  test('that is masked waits in its device, and comes when it is not', () => {
    const [lab, desc] = make();
    const hardware = hardwareOf(lab, desc);
    const { chip } = desc.data;
    chip.irqMask?.(desc.data);
    expect([hardware.edge(), hardware.edge(), hardware.waiting]).toEqual(['sent', 'joined', 1]);
    lab.machine.settle();
    expect(desc.totCount).toBe(0);
    chip.irqUnmask?.(desc.data);
    lab.machine.settle();
    expect([hardware.waiting, desc.totCount]).toEqual([0, 1]);
  });

  test('has no level: a line that goes up is one message, one that goes down none', () => {
    const [lab, desc] = make();
    const hardware = hardwareOf(lab, desc);
    hardware.drive(false);
    lab.machine.settle();
    expect(desc.totCount).toBe(0);
    hardware.drive(true);
    lab.machine.settle();
    expect(desc.totCount).toBe(1);
    hardware.drive(false);
    lab.machine.settle();
    expect(desc.totCount).toBe(1);
  });

  test('is lost once its line is free', () => {
    const [lab, desc] = make();
    const { chipData } = desc.data;
    if (!(chipData instanceof MsiDesc && chipData.hardware instanceof MsiTable)) throw new Error('no table');
    const table = chipData.hardware;
    lab.free(desc.irq, [...desc.actions()][0]?.devId);
    table.mask(1, false);
    expect(table.raise(1)).toBe('lost');
    lab.machine.settle();
    expect(desc.totCount).toBe(0);
  });
});

describe('a pin of the IO-APIC', () => {
  test.each([['none'], ['intel'], ['amd'], ['hyperv']] as const)(
    'remapped by %s: an edge',
    (interruptRemapping) => {
      const lab = x86({ interruptRemapping });
      const desc = lab.add({ irq: 20, chip: 'IO-APIC', hwirq: 20 });
      const hardware = hardwareOf(lab, desc);
      const cpu = lab.machine.cpu(desc.data.effectiveAffinity.first());
      cpu.localIrqDisable();
      expect([hardware.waiting, hardware.edge(), hardware.waiting]).toEqual([0, 'sent', 1]);
      expect([hardware.edge(), hardware.waiting]).toEqual(['joined', 1]);
      cpu.localIrqEnable();
      lab.machine.settle();
      expect([hardware.waiting, desc.totCount]).toEqual([0, 1]);
      desc.data.chip.irqMask?.(desc.data);
      expect([hardware.edge(), hardware.waiting]).toEqual(['lost', 0]);
    },
  );

  test.each([['none'], ['intel'], ['amd'], ['hyperv']] as const)(
    'remapped by %s: a level',
    (interruptRemapping) => {
      const lab = x86({ interruptRemapping });
      let left = 2;
      lab.add({ irq: 20, chip: 'IO-APIC', hwirq: 20, flow: 'fasteoi', trigger: 'level', name: undefined });
      const desc = lab.desc(20);
      const hardware = hardwareOf(lab, desc);
      // Twice the handler leaves the line high.
      lab.request(20, lab, () => {
        left -= 1;
        if (left < 0) hardware.drive(false);
        return 1;
      });
      expect(desc.totCount).toBe(0);
      hardware.drive(true);
      lab.machine.settle();
      expect([desc.totCount, left]).toEqual([3, -1]);
      const { irqGetIrqchipState: get } = desc.data.chip;
      // IRQCHIP_STATE_ACTIVE is remote IRR; there is no other state (ioapic_irq_get_chip_state).
      expect(
        [0, 1, 2, 3].map((which) => get?.call(desc.data.chip, desc.data, which as 0 | 1 | 2 | 3)),
      ).toEqual([-22, false, -22, -22]);
      lab.machine.cpu(desc.data.effectiveAffinity.first()).localIrqDisable();
      hardware.drive(true);
      expect(get?.call(desc.data.chip, desc.data, 1)).toBe(true);
    },
  );

  test('a controller that is known by its name has no hardware', () => {
    const lab = x86();
    expect(lab.platform.lineHardware(lab.add({ irq: 30, chip: 'intel-gpio' }))).toBeUndefined();
  });
});

describe('a table of messages', () => {
  const msg = { addressHi: 0, addressLo: 0xfee00000, data: 0x31 };
  const board = (canMask?: boolean) => {
    const sent: unknown[] = [];
    const later: ClockEvent[] = [];
    const table = new MsiTable(
      {
        deliver: (given) => {
          sent.push(given);
          return 'lost';
        },
        soon: (event) => void later.push(event),
      },
      canMask,
    );
    const settle = (): void => {
      for (const event of later.splice(0)) event.fire();
    };
    return { table, settle, take: () => sent.splice(0) };
  };

  test('begins masked; what is pending is sent once it is not', () => {
    const { table, settle, take } = board();
    table.writeMsg(3, msg);
    expect([table.raise(3), table.isPending(3), table.isPending(2)]).toEqual(['sent', true, false]);
    table.mask(3, false);
    expect(take()).toEqual([]);
    settle();
    expect([take(), table.isPending(3)]).toEqual([[msg], false]);
    expect([table.raise(3), take()]).toEqual(['lost', [msg]]);
  });

  test('what is masked again before it could be sent waits on; nothing is sent twice', () => {
    const { table, settle, take } = board();
    table.writeMsg(0, msg);
    table.raise(0);
    table.mask(0, false);
    table.mask(0, true);
    settle();
    expect([take(), table.isPending(0)]).toEqual([[], true]);
    table.mask(0, false);
    table.mask(0, false);
    settle();
    expect([take(), table.isPending(0)]).toEqual([[msg], false]);
  });

  test('without mask bits all is sent', () => {
    const { table, settle, take } = board(false);
    table.writeMsg(0, msg);
    table.mask(0, true);
    expect([table.raise(0), table.raise(0), take()]).toEqual(['lost', 'lost', [msg, msg]]);
    settle();
    expect([take(), table.isPending(0)]).toEqual([[], false]);
  });
});

// __irq_msi_compose_msg: destination in bits 12 to 19, APIC ids above 255 in the upper half.
test.each([
  [0, 0x22, { addressHi: 0, addressLo: 0xfee00000, data: 0x22 }],
  [3, 0xea, { addressHi: 0, addressLo: 0xfee03000, data: 0xea }],
  [255, 0x41, { addressHi: 0, addressLo: 0xfeeff000, data: 0x41 }],
  [0x1ff, 0x41, { addressHi: 0x100, addressLo: 0xfeeff000, data: 0x41 }],
])('a message for CPU %i with vector %i', (cpu, vector, msg) => {
  expect(composeMsiMsg(cpu, vector)).toEqual(msg);
  expect(decodeMsiMsg(msg)).toEqual({ cpu, vector });
});

test.each([0, 0xfed00000, 0xfef00000, 0x0ee00000])('what is written to %i is no interrupt', (addressLo) => {
  expect(decodeMsiMsg({ addressHi: 0, addressLo, data: 0x41 })).toBeUndefined();
});
