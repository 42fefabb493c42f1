import { describe, expect, test } from '@jest/globals';
import type { IrqAffinity } from '../../../src/irq/affinity/create-masks.js';
import { type IrqData, irqd } from '../../../src/irq/data/irqdata.js';
import { irqDomainFlags } from '../../../src/irq/data/revmap.js';
import { MsiDesc } from '../../../src/irq/msi/msi-desc.js';
import { errnoCode } from '../../../src/lib/errno.js';
import type { MsiMsg } from '../../../src/irq/data/irqdata.js';
import { Arm64Platform } from '../../../src/platform/arm64/platform.js';
import type {
  HypervPciBus,
  InterruptRequest,
  InterruptTarget,
} from '../../../src/platform/pci/hyperv/bus-port.js';
import { PciDevice, type PciDeviceOptions } from '../../../src/platform/pci/pci-device.js';
import { PciVectors } from '../../../src/platform/pci/pci-vectors.js';
import type { PciFunction } from '../../../src/platform/pci/pci-function.js';
import type { Platform, PlatformSetup } from '../../../src/platform/platform.js';
import { X86Platform } from '../../../src/platform/x86/platform.js';
import { Lab, type LabOptions } from '../lab.js';

// drivers/pci/msi/api.c, msi.c: pci_alloc_irq_vectors_affinity and what it calls; pci-hyperv.c for buses of Hyper-V.

type Function = PciFunction & PciDeviceOptions;

function func(more: Partial<Function> = {}): Function {
  return { name: '0000:00:04.0', node: -1, msix: 0, ...more };
}

class PciLab<P extends Platform> extends Lab<P> {
  static on(setup: PlatformSetup = {}, options: LabOptions = {}): PciLab<X86Platform> {
    const make = (...[machine, core]: ConstructorParameters<typeof X86Platform>) =>
      new X86Platform(machine, core, undefined, setup);
    return new PciLab(make, { dynirqLowerBound: 24, ...options });
  }

  get pci(): PciVectors {
    const { pciMsi } = this.platform;
    if (!(pciMsi instanceof PciVectors)) throw new Error('no PCI');
    return pciMsi;
  }

  /** How many there are, or the errno's name. */
  alloc(given: Function, min: number, max: number, affinity?: IrqAffinity): number | string {
    const ret = this.machine.run('alloc', this.pci.allocIrqVectors(given, min, max, affinity));
    return ret < 0 ? errnoCode(ret) : ret;
  }

  freeVectors(given: Function): void {
    this.machine.run('free vectors', this.pci.freeIrqVectors(given));
  }

  remove(given: Function): void {
    this.machine.run('remove', this.pci.remove(given));
  }

  irqs(given: Function): string[] {
    return this.pci.vectors(given).map(({ irq, kind }) => `${kind} ${irq}`);
  }
}

describe('pci_alloc_irq_vectors', () => {
  test.each([
    ['as many as there are', { msix: 4 }, 1, 8, 4],
    ['as many as are asked for', { msix: 8 }, 1, 3, 3],
    ['just as many as are needed', { msix: 4 }, 4, 4, 4],
    ['fewer than are needed', { msix: 4 }, 5, 8, 'ENOSPC'],
    ['a range that is none', { msix: 4 }, 3, 2, 'ERANGE'],
    ['no table', {}, 1, 1, 'EINVAL'],
    ['MSI where there is no MSI-X', { msi: 1 }, 1, 4, 1],
    ['MSI where MSI-X has too few', { msix: 2, msi: 4 }, 3, 3, 3],
    ['neither', { msix: 2, msi: 2 }, 3, 3, 'ENOSPC'],
  ] as const)('%s', (_, has, min, max, expected) => {
    const lab = PciLab.on({ interruptRemapping: 'intel' });
    const given = func(has);
    expect(lab.alloc(given, min, max)).toBe(expected);
    const count = typeof expected === 'number' ? expected : 0;
    const kind = 'msix' in has && has.msix >= min ? 'msix' : 'msi';
    expect(lab.irqs(given)).toEqual(Array.from({ length: count }, (__, nth) => `${kind} ${24 + nth}`));
    for (let nth = 0; nth < count; nth++) expect(lab.pci.irqVector(given, nth)).toBe(24 + nth);
    expect(() => lab.pci.irqVector(given, count)).toThrow(`0000:00:04.0 has no interrupt vector ${count}`);
  });

  test('twice is EINVAL, until they are freed', () => {
    const lab = PciLab.on();
    const given = func({ msix: 2 });
    expect([lab.irqs(given), lab.alloc(given, 1, 2), lab.alloc(given, 1, 2)]).toEqual([[], 2, 'EINVAL']);
    expect(lab.irqs(given)).toEqual(['msix 24', 'msix 25']);
    lab.freeVectors(given);
    expect([lab.irqs(given), lab.core.desc(24), lab.core.desc(25)]).toEqual([[], undefined, undefined]);
    expect(lab.alloc(given, 1, 1)).toBe(1);
  });

  test('tries again with what there were, if that is enough', () => {
    // group_cpus_evenly: vectors of a set beyond the number of CPUs have no CPU, and get no line (alloc_descs: EINVAL).
    const lab = PciLab.on({}, { kernel: '6.12', machine: { present: 2 } });
    const affinity = { preVectors: 0, postVectors: 0, calcSets: (vectors: number) => [vectors] };
    const big = func({ msix: 8 });
    expect(lab.alloc(big, 2, 8, affinity)).toBe(2);
    expect(lab.irqs(big)).toEqual(['msix 24', 'msix 25']);
    lab.remove(big);
    expect(lab.alloc(big, 3, 8, affinity)).toBe('ENOSPC');
    expect([lab.irqs(big), lab.core.desc(24)]).toEqual([[], undefined]);
  });

  test.each([
    [
      'one for each CPU, with those before',
      { preVectors: 1, postVectors: 0 },
      2,
      8,
      ['0-3', '0', '1', '2', '3'],
    ],
    ['and those behind', { preVectors: 1, postVectors: 1 }, 3, 8, ['0-3', '0', '1', '2', '3', '0-3']],
    ['fewer than CPUs', { preVectors: 0, postVectors: 0 }, 1, 2, ['0-1', '2-3']],
    ['none that is spread', { preVectors: 1, postVectors: 0 }, 1, 1, ['0-3']],
  ] as const)('with an affinity: %s', (_, affinity, min, max, expected) => {
    const lab = PciLab.on();
    const given = func({ msix: 8 });
    expect(lab.alloc(given, min, max, affinity)).toBe(expected.length);
    const descs = expected.map((__, nth) => lab.desc(lab.pci.irqVector(given, nth)));
    expect(descs.map((desc) => lab.affinity(desc))).toEqual(expected);
    const isSpread = (nth: number) =>
      nth >= affinity.preVectors && nth < expected.length - affinity.postVectors;
    expect(descs.map(({ data }) => data.has(irqd.AFFINITY_MANAGED))).toEqual(
      expected.map((__, nth) => isSpread(nth)),
    );
  });

  test('with an affinity whose own vectors are more than the least is ENOSPC', () => {
    const lab = PciLab.on();
    expect(lab.alloc(func({ msix: 8 }), 1, 8, { preVectors: 2, postVectors: 0 })).toBe('ENOSPC');
  });

  test.each([
    ['6.1', { msix: 2 }, 'PCI-MSI PCI-MSI-3', 'IR-PCI-MSI IR-PCI-MSI-3', 65536],
    [
      '6.12',
      { msix: 2 },
      'PCI-MSIX-0000:00:04.0 PCI-MSIX-0000:00:04.0-12',
      'IR-PCI-MSIX-0000:00:04.0 IR-PCI-MSIX-0000:00:04.0-12',
      0,
    ],
    [
      '6.12',
      { msi: 1 },
      'PCI-MSI-0000:00:04.0 PCI-MSI-0000:00:04.0-11',
      'IR-PCI-MSI-0000:00:04.0 IR-PCI-MSI-0000:00:04.0-11',
      0,
    ],
  ] as const)('on %s names domains and chips for %p', (kernel, has, plain, remapped, hwirq) => {
    for (const [interruptRemapping, expected] of [
      ['none', plain],
      ['amd', remapped],
    ] as const) {
      const lab = PciLab.on({ interruptRemapping }, { kernel });
      const given = func({ node: 0, ...has });
      lab.alloc(given, 1, 1);
      const { data, cold } = lab.desc(24);
      expect(`${data.chip.name} ${data.domain?.name}`).toBe(expected);
      expect([data.hwirq, data.node, cold.deviceName]).toEqual([hwirq, 0, '0000:00:04.0']);
      const { domain } = data;
      lab.freeVectors(given);
      expect(lab.core.domains.includes(domain ?? lab.platform.vectorSystem.domain)).toBe(true);
      lab.remove(given);
      // A device's own domain goes with the device; one for all stays.
      expect(lab.core.domains.some((other) => other === domain)).toBe(kernel === '6.1');
    }
  });

  test('a device that goes from MSI-X to MSI has its domain made anew', () => {
    const lab = PciLab.on();
    const given = func({ msix: 2, msi: 4 });
    const named = () => lab.core.domains.map(({ name }) => name).filter((name) => name.includes('04.0'));
    lab.alloc(given, 1, 2);
    expect(named()).toEqual(['PCI-MSIX-0000:00:04.0-12']);
    lab.freeVectors(given);
    lab.alloc(given, 1, 2);
    expect(named()).toEqual(['PCI-MSIX-0000:00:04.0-12']);
    lab.freeVectors(given);
    lab.alloc({ ...given, msix: 0 }, 1, 1);
    lab.remove(given);
    expect(named()).toEqual(['PCI-MSI-0000:00:04.0-11']);
  });

  test('on a bus that the machine has not is refused, with what would bring it', () => {
    const x86 = PciLab.on({ hyperv: false });
    expect(() => x86.alloc(func({ msix: 1, bus: 'hyperv' }), 1, 1)).toThrow(
      '0000:00:04.0 is on bus hyperv, which this machine has not; without Hyper-V there is no such bus',
    );
    expect([x86.pci.defaultBus, x86.pci.hypervBuses]).toEqual(['pci', undefined]);
    const arm = new PciLab((machine, core) => new Arm64Platform(machine, core), { genericPendingIrq: false });
    expect(() => arm.alloc(func({ msix: 1, bus: 'pci' }), 1, 1)).toThrow(
      '0000:00:04.0 is on bus pci, which this machine has not; on arm64 it needs an ITS (its: true)',
    );
    expect(arm.pci.defaultBus).toBe('hyperv');
  });
});

describe('a PCI device', () => {
  const device = (options: PciDeviceOptions) =>
    new PciDevice(() => ({ deliver: () => 'lost', soon: () => {} }), options);

  test.each([
    ['0000:00:04.0', { domain: 0, devid: 0x20 }, 0x20, '00000000-0000-0000-0000-000000000000'],
    ['38d5:00:02.7', { domain: 0x38d5, devid: 0x17 }, 0x17, '00000000-38d5-0000-0000-000000000000'],
    ['10001:e1:1f.1', { domain: 0x10001, devid: 0xe1f9 }, 0xe1f9, '00000000-10001-0000-0000-000000000000'],
    ['0000:00:04.8', undefined, 0, '00000000-0000-0000-0000-000000000000'],
    ['nic', undefined, 0, '00000000-0000-0000-0000-000000000000'],
  ])('%s has an address, a requester id and a bus', (name, address, requester, instance) => {
    const given = device({ name });
    expect([given.address, given.requester, given.instance]).toEqual([address, requester, instance]);
  });

  test('has none of it unless it is said', () => {
    const { node, msixSize, msiSize, msiMasks, enabled, domain, descs } = device({ name: 'nic' });
    expect([node, msixSize, msiSize, msiMasks, enabled, domain, descs]).toEqual([
      -1,
      0,
      0,
      false,
      null,
      null,
      [],
    ]);
    expect(device({ name: 'nic', instance: 'x' }).instance).toBe('x');
  });
});

describe("messages of Hyper-V's bus (hv_compose_msi_msg, hv_arch_irq_unmask, hv_int_desc_free)", () => {
  /** A host that writes down what it is asked. */
  class Host implements HypervPciBus {
    readonly said: string[] = [];
    hasIt = true;
    refuses = false;
    private nextData = 100;

    hasFunction(devfn: number): boolean {
      return this.hasIt && devfn === 0x20;
    }

    createInterrupt({ devfn, vector, vectorCount, cpus }: InterruptRequest) {
      this.said.push(`create ${devfn} ${vectorCount} v${vector > 0 ? 'ector' : '0'} on ${cpus.join(',')}`);
      if (this.refuses) return undefined;
      const data = this.nextData;
      this.nextData += vectorCount;
      return { msg: { addressHi: 0, addressLo: 1, data }, vectorCount };
    }

    deleteInterrupt(devfn: number, { msg, vectorCount }: { msg: MsiMsg; vectorCount: number }): void {
      this.said.push(`delete ${devfn} ${msg.data} ${vectorCount}`);
    }

    retargetInterrupt(devfn: number, { data }: MsiMsg, { cpus }: InterruptTarget): void {
      this.said.push(`retarget ${devfn} ${data} to ${cpus.join(',')}`);
    }

    cannotUnmask(irq: number): void {
      this.said.push(`cannot unmask ${irq}`);
    }

    take(): string[] {
      return this.said.splice(0);
    }
  }

  const hypervFunc = (more: Partial<Function> = {}) => func({ bus: 'hyperv', ...more });

  function withBus(kernel: '6.12' | '6.18', online = [0, 1, 2, 3]): { lab: PciLab<X86Platform>; host: Host } {
    const lab = PciLab.on({}, { kernel, machine: { present: 4, online } });
    const host = new Host();
    lab.pci.hypervBuses?.attach(0, 'abcd-12', host, ({ data }) =>
      data >= 100 ? { vector: data - 50, cpus: [2] } : undefined,
    );
    return { lab, host };
  }

  test.each(['6.12', '6.18'] as const)('on %s are made, retargeted and deleted line by line', (kernel) => {
    const { lab, host } = withBus(kernel);
    const given = hypervFunc({ msix: 2 });
    expect(lab.alloc(given, 2, 2)).toBe(2);
    expect(host.take()).toEqual(['create 32 1 vector on 0', 'create 32 1 vector on 0']);
    const irq = lab.pci.irqVector(given, 1);
    lab.request(irq, lab);
    // Activated once more with its own vector: the message of the promise goes.
    const [cpu] = [...lab.desc(irq).data.effectiveAffinity];
    expect(host.take()).toEqual([
      'delete 32 101 1',
      `create 32 1 vector on ${cpu}`,
      `retarget 32 102 to ${cpu}`,
    ]);
    lab.free(irq, lab);
    host.take();
    lab.freeVectors(given);
    expect(host.take().filter((word) => word.startsWith('delete'))).toHaveLength(2);
    lab.pci.hypervBuses?.detach(0);
    expect(lab.core.domains.filter(({ name }) => name.startsWith('ABCD'))).toEqual([]);
  });

  test.each(['6.12', '6.18'] as const)(
    'on %s of a function that is gone are none, and nobody is told',
    (kernel) => {
      const { lab, host } = withBus(kernel);
      const given = hypervFunc({ msix: 1 });
      host.hasIt = false;
      expect(lab.alloc(given, 1, 1)).toBe(1);
      expect(host.take()).toEqual([]);
      const { chipData, parentData } = lab.desc(24).data;
      expect(chipData instanceof MsiDesc && chipData.msg).toEqual({ addressHi: 0, addressLo: 0, data: 0 });
      expect(parentData).not.toBeNull();
      lab.request(24, lab);
      expect(host.take()).toEqual(['cannot unmask 24']);
      lab.free(24, lab);
      lab.freeVectors(given);
      expect(host.take()).toEqual([]);
    },
  );

  test.each(['6.12', '6.18'] as const)(
    'on %s of a function that goes later are forgotten without a word',
    (kernel) => {
      const { lab, host } = withBus(kernel);
      const given = hypervFunc({ msix: 1 });
      lab.alloc(given, 1, 1);
      host.hasIt = false;
      host.take();
      lab.freeVectors(given);
      expect(host.take()).toEqual([]);
      host.hasIt = true;
      lab.alloc(given, 1, 1);
      expect(host.take()).toEqual(['create 32 1 vector on 0']);
    },
  );

  test('that the host refuses are none', () => {
    const { lab, host } = withBus('6.12');
    host.refuses = true;
    lab.alloc(hypervFunc({ msix: 1 }), 1, 1);
    expect(lab.request(24, lab)).toBe(0);
    expect(host.take()).toEqual(['create 32 1 vector on 0', 'create 32 1 vector on 0', 'cannot unmask 24']);
  });

  test('several in a row are one message for the host, on each CPU in turn (hv_compose_multi_msi_req_get_cpu)', () => {
    const { lab, host } = withBus('6.12', [0, 2]);
    const datas = (given: Function) =>
      lab.pci.vectors(given).map(({ irq, kind }) => {
        const { chipData } = lab.desc(irq).data;
        return [kind, chipData instanceof MsiDesc && chipData.nvecUsed];
      });
    let first = 100;
    for (const cpu of [0, 2, 0]) {
      const given = hypervFunc({ msi: 4, msiMasks: true });
      expect(lab.alloc(given, 4, 4)).toBe(4);
      expect(host.take()).toEqual([`create 32 4 vector on ${cpu}`]);
      expect(datas(given)).toEqual(Array.from({ length: 4 }, () => ['msi', 4]));
      lab.freeVectors(given);
      expect(host.take()).toEqual([`delete 32 ${first} 4`]);
      first += 4;
      lab.remove(given);
    }
  });

  test('are made anew after a sleep, and written to the device (hv_pci_restore_msi_state)', () => {
    const { lab, host } = withBus('6.12');
    const given = hypervFunc({ msix: 2 });
    lab.alloc(given, 2, 2);
    host.take();
    lab.pci.hypervBuses?.restore(0);
    expect(host.take()).toEqual([
      'delete 32 100 1',
      'create 32 1 vector on 0',
      'delete 32 101 1',
      'create 32 1 vector on 0',
    ]);
    const msgs = [24, 25].map((irq) => {
      const { chipData } = lab.desc(irq).data;
      return chipData instanceof MsiDesc ? chipData.msg.data : undefined;
    });
    expect(msgs).toEqual([102, 103]);
    lab.pci.hypervBuses?.restore(7);
    lab.pci.hypervBuses?.detach(7);
    expect(host.take()).toEqual([]);
  });
});

describe('on arm64', () => {
  const arm = (setup: PlatformSetup, kernel: '6.1' | '6.12' | '7.2' = '6.12'): PciLab<Arm64Platform> =>
    new PciLab((machine, core) => new Arm64Platform(machine, core, undefined, setup), {
      kernel,
      genericPendingIrq: false,
    });
  const hwirqs = (lab: PciLab<Arm64Platform>, given: Function): unknown[] =>
    lab.pci.vectors(given).map(({ irq }) => lab.desc(irq).data.parentData?.hwirq);

  // bitmap_find_free_region and bitmap_release_region by order (get_count_order): what is left of a power of two is nobody's.
  test.each([
    [1, [64], [65], 66],
    [2, [64, 65], [66, 67], 68],
    [3, [64, 65, 66], [68, 69, 70], 72],
    [4, [64, 65, 66, 67], [68, 69, 70, 71], 72],
  ])("%i messages in a row are a power of two of Hyper-V's SPIs, edges", (count, one, two, next) => {
    const lab = arm({});
    const made = [one, two].map((expected, nth) => {
      const given = func({ name: `0000:00:0${nth}.0`, bus: 'hyperv', msi: count });
      expect(lab.alloc(given, count, count)).toBe(count);
      expect(hwirqs(lab, given)).toEqual(expected);
      for (const spi of expected) expect(lab.platform.gic.gic.isEdge(spi)).toBe(true);
      return given;
    });
    const last = func({ name: '0000:00:09.0', bus: 'hyperv', msix: 1 });
    lab.alloc(last, 1, 1);
    expect(hwirqs(lab, last)).toEqual([next]);
    for (const given of made) lab.remove(given);
    const again = func({ name: '0000:00:0a.0', bus: 'hyperv', msi: 2 });
    lab.alloc(again, 2, 2);
    expect(hwirqs(lab, again)).toEqual([64, 65]);
  });

  test.each(['6.1', '6.12', '7.2'] as const)(
    "on %s an ITS' lines are LPIs of the device's table, with what the GIC says",
    (kernel) => {
      const lab = arm({ its: true }, kernel);
      const given = func({ msix: 3 });
      expect(lab.alloc(given, 3, 3)).toBe(3);
      expect(hwirqs(lab, given)).toEqual([8192, 8193, 8194]);
      for (const { irq } of lab.pci.vectors(given)) {
        const its = lab.desc(irq).data;
        expect([its.has(irqd.SINGLE_TARGET), its.has(irqd.AFFINITY_ON_ACTIVATE)]).toEqual([true, true]);
        expect(its.has(irqd.RESEND_WHEN_IN_PROGRESS)).toBe(kernel !== '6.1');
        expect(its.parentData?.chip.name).toBe('ITS');
      }
      const irqs = lab.pci.vectors(given).map(({ irq }) => irq);
      const domain = lab.desc(irqs[0] ?? 0).data.parentData?.parentData?.domain;
      const before = domain?.mapcount ?? 0;
      lab.freeVectors(given);
      expect([domain?.mapcount, ...irqs.map((irq) => lab.core.desc(irq))]).toEqual([
        before - 3,
        undefined,
        undefined,
        undefined,
      ]);
      expect(lab.alloc(given, 2, 2)).toBe(2);
      expect(hwirqs(lab, given)).toEqual([8192, 8193]);
      const other = func({ name: '0000:00:05.0', msix: 1 });
      lab.alloc(other, 1, 1);
      // The table is for what the device asks, before 6.11; since for what it can have.
      expect(hwirqs(lab, other)).toEqual([8192 + (kernel === '6.1' ? 2 : 4)]);
      lab.remove(given);
      lab.remove(other);
      lab.alloc(other, 1, 1);
      expect(hwirqs(lab, other)).toEqual([8192]);
    },
  );

  test('flags of domains: what is isolated, and what is a parent of MSIs', () => {
    const { MSI_PARENT, ISOLATED_MSI } = irqDomainFlags;
    const flags = (kernel: '6.1' | '6.12') =>
      (arm({ its: true }, kernel).core.domains.find(({ name }) => name.endsWith('8080000-5'))?.flags ?? 0) &
      (MSI_PARENT | ISOLATED_MSI);
    expect([flags('6.1'), flags('6.12')]).toEqual([ISOLATED_MSI, MSI_PARENT | ISOLATED_MSI]);
  });
});

test.each(['6.12', '6.18'] as const)(
  "on %s a line of Hyper-V's bus has its number, and the bus' none",
  (kernel) => {
    const lab = PciLab.on({}, { kernel });
    const given = func({ name: '0001:00:04.0', bus: 'hyperv', msix: 2 });
    lab.alloc(given, 2, 2);
    const numbers: unknown[] = [];
    for (let d: IrqData | null = lab.desc(lab.pci.irqVector(given, 1)).data; d !== null; d = d.parentData)
      numbers.push(d.hwirq);
    const last = lab.pci.irqVector(given, 1);
    expect(numbers).toEqual(kernel === '6.18' ? [1, 0, last] : [2 ** 27 + 0x20 * 2 ** 11 + 1, last]);
    expect(lab.desc(last).cold.name).toBe('edge');
  },
);
