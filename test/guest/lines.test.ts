import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import type { InterruptOptions } from '../../src/scenario/options/interrupts.js';
import { type RunResult, runScenarioOn } from '../../src/scenario/runner.js';
import { resultJson } from '../../src/cli/run/json.js';

const machine = `
cpus: 4
kernel: "6.12"
vmbus: false
interrupts:
  - {irq: 8, chip: IO-APIC, flow: edge, name: rtc0}
  - {irq: 20, chip: IO-APIC, flow: fasteoi, name: "uart, nic"}
  - {irq: 40, chip: PCI-MSI, hwirq: 524288, flow: edge, name: eth0, cost: 2us}
  - {irq: 41, chip: PCI-MSI, hwirq: 524289, flow: edge, name: eth0-rx, managed: true, affinity: "2-3"}
`;

function run(text: string): { guest: Guest; result: RunResult; json: string } {
  const scenario = parseScenario(machine + text, 'lines.yaml');
  const guest = Guest.create(scenario.guest);
  const result = runScenarioOn(guest, scenario);
  return { guest, result, json: resultJson(scenario, guest, result) };
}

function failures({ steps }: RunResult): (string | undefined)[] {
  return steps.flatMap(({ outcome, message }) => (outcome === 'ok' ? [] : [message]));
}

describe('every action of a channel has its twin for a line', () => {
  test('devices assert, drivers request, free, enable and disable', () => {
    const { result } = run(`
timeline:
  - {raise: 8}
  - {count: {irq: 8}, expect: 1}
  - {raise: {irq: 20, name: nic}, times: 3}
  - {count: {irq: 20}, expect: 3}
  - {disable: {irq: 8, wait: nosync}}
  - {raise: 8, times: 2}
  - {count: {irq: 8}, expect: 1}
  - {enable: 8}
  - {count: {irq: 8}, expect: 2}
  - {free: {irq: 20, name: uart}}
  - {read: /sys/kernel/irq/20/actions, expect: nic}
  - {request: {irq: 20, name: serial}, expect: EBUSY}
  - {request: {irq: 20, name: serial, flags: [IRQF_SHARED], thread: beside, threadCost: 1ms}}
  - {raise: {irq: 20, name: serial}}
  - {synchronize: 20}
  - {count: {irq: 20}, expect: 4}
  - {wake: {irq: 8, on: true}}
  - {read: /sys/kernel/irq/8/wakeup, expect: enabled}
  - {affinity: {irq: 41, cpus: "0"}, expect: EPERM}
  - {affinity: {irq: 40, cpus: "1"}}
  - {raise: 40}
  - {at: 10ms, raise: 40}
  - {count: {irq: 40, cpu: 1}, expect: 1}
`);
    expect(failures(result)).toEqual([]);
  });

  test('devices come and go', () => {
    const { result } = run(`
timeline:
  - {unplug: 40}
  - {read: /proc/irq/40/spurious, expect: ENOENT}
  - {plug: {irq: 40, chip: PCI-MSI, hwirq: 524288, flow: edge, name: eth1}}
  - {raise: 40, times: 2}
  - {count: {irq: 40}, expect: 2}
`);
    expect(failures(result)).toEqual([]);
  });

  test('what cannot be is said', () => {
    const { result } = run(`
timeline:
  - {raise: 99}
  - {free: {irq: 8, name: nobody}}
  - {plug: {irq: 40, chip: PCI-MSI, flow: edge, name: eth1}}
  - {unplug: 99}
`);
    expect(failures(result)).toEqual([
      'expected success, but got not possible: the guest has no IRQ 99 now',
      'expected success, but got not possible: nobody has requested nobody of IRQ 8',
      'expected success, but got not possible: IRQ 40 is taken; choose another number',
      'expected success, but got not possible: there is no IRQ 99',
    ]);
  });
});

describe('a workload of a line', () => {
  const workload = `
workload:
  - {irq: 8, signals: 100, during: 1s}
  - {irq: 20, name: nic, every: 10ms, burst: 2, until: 1s}
  - {irq: 40, total: 50, during: 1s}
`;

  test('has the forms that those of channels have', () => {
    const { guest, result } = run(workload);
    expect(result.workload).toEqual([
      { sent: 100, unsent: 0 },
      { sent: 200, unsent: 0 },
      { sent: 50, unsent: 0 },
    ]);
    expect([8, 20, 40].map((irq) => guest.irq(irq).total)).toEqual([100, 200, 50]);
    expect([8, 20, 40].map((irq) => guest.irq(irq).line.raised)).toEqual([100, 200, 50]);
  });

  test('gives the same bytes twice, and says in JSON whose it is', () => {
    const { json } = run(workload);
    expect(run(workload).json).toBe(json);
    expect((JSON.parse(json) as { workload: object[] }).workload[1]).toEqual({
      irq: 20,
      sent: 200,
      unsent: 0,
    });
  });

  test('counts what it could not send', () => {
    const { result } = run(`${workload}timeline: [{at: 500ms, unplug: 40}]`);
    expect(result.workload[2]).toEqual({ sent: 25, unsent: 25 });
  });

  test('conserves: raised = counted + coalesced + lost + waiting, whatever drivers and CPUs do', () => {
    const { guest, result } = run(`
workload:
  - {irq: 40, every: 1us, until: 1ms}
timeline:
  - {at: 100us, offline: 3}
  - {at: 200us, affinity: {irq: 40, cpus: "1"}}
  - {at: 300us, free: 40}
  - {at: 400us, request: {irq: 40, name: eth0, cost: 3us}}
  - {at: 500us, offline: 1}
run: 2ms
`);
    expect(failures(result)).toEqual([]);
    const { raised, delivered, coalesced, lost, waiting } = guest.irq(40).line;
    expect(raised).toBe(1000);
    expect(delivered + coalesced + lost + waiting).toBe(1000);
    // One may have been on its way when the driver freed the line.
    expect([0, 1]).toContain(delivered - guest.irq(40).total);
  });
});

describe('a line that no device outside has', () => {
  const guest = (arch: 'x86_64' | 'arm64'): Guest =>
    Guest.create({ cpus: 2, arch, devices: [{ driver: 'heartbeat', relid: 7 }] });

  test('of a channel cannot be unplugged, and goes on', () => {
    const vm = guest('x86_64');
    const { irq } = vm.channel(7);
    expect(() => vm.lines.unplug(irq)).toThrow(
      new RangeError(`IRQ ${irq} is that of channel 7: it goes with that`),
    );
    const before = vm.irq(irq).total;
    vm.host.signal(7);
    expect(vm.irq(irq).total).toBe(before + 1);
  });

  test.each(['percpu-nostat-visible', 'percpu-nostat-hidden'] as const)(
    'of control messages, with top level %s, cannot be unplugged, and they go on',
    (topLevel) => {
      const devices = [{ driver: 'heartbeat', relid: 7 } as const];
      const vm = Guest.create({ cpus: 2, design: { topLevel }, devices });
      const ofChannels = [...vm.vmbus.connection.channels()].map(({ irq }) => irq);
      const { domain } = vm.vmbus.connection.relids;
      const [control, ...others] = [...vm.irqCore.descs()].filter(
        ({ irq, data }) => data.domain === domain && !ofChannels.includes(irq),
      );
      expect(others).toEqual([]);
      expect(() => vm.lines.unplug(control.irq)).toThrow(
        new RangeError(`IRQ ${control.irq} is that of VMBus: it goes with that`),
      );
      vm.offer({ driver: 'keyboard', relid: 8 });
      expect(vm.channel(8).state).toBe('opened');
    },
  );

  test('that is each CPU’s own cannot be unplugged, whoever has it', () => {
    const vm = guest('arm64');
    const own = [...vm.irqCore.descs()]
      .filter(({ data }) => data.chip.name === 'GICv3')
      .map(({ irq }) => irq);
    expect(own.length).toBeGreaterThan(0);
    for (const irq of own) expect(() => vm.lines.unplug(irq)).toThrow(/is each CPU's own \(/);
    const ofChannel = vm.irq(vm.channel(7).irq);
    const before = ofChannel.total;
    vm.host.signal(7);
    expect(ofChannel.total).toBe(before + 1);
  });
});

test.each(['x86_64', 'arm64'] as const)(
  '%s: the number of a channel, in service or not, is no device’s',
  (arch) => {
    // irqlab has no driver for the second one.
    const devices = [
      { driver: 'heartbeat', relid: 7 },
      { class: '8f0f4d0c-7a34-4f3b-9c53-5d1b1e0a7c11', relid: 9 },
    ] as const;
    const guest = Guest.create({ cpus: 2, arch, devices });
    for (const relid of [7, 9]) {
      const { irq } = guest.channel(relid);
      const chip = arch === 'arm64' ? 'GICv3' : 'IO-APIC';
      const line = {
        irq,
        chip,
        hwirq: 40 + relid,
        flow: arch === 'arm64' ? 'level' : 'edge',
        name: 'x',
      } as const;
      expect(() => guest.lines.plug(line)).toThrow(
        new RangeError(`IRQ ${irq} is that of channel ${relid}: choose another number`),
      );
      expect(guest.vmbus.connection.relids.relid2channel(relid)?.irq).toBe(irq);
    }
  },
);

test('nor is that of a message of a PCI function', () => {
  const functions = [{ driver: 'nvme', queues: 2 }] as const;
  const guest = Guest.create({ cpus: 2, arch: 'arm64', devices: [{ driver: 'vpci', relid: 40, functions }] });
  const message = [...guest.irqCore.descs()].find(({ action }) => action?.name?.startsWith('nvme'));
  const irq = message?.irq ?? 0;
  guest.irq(irq).free();
  expect(() => guest.lines.plug({ irq, chip: 'GICv3', hwirq: 50, flow: 'level', name: 'x' })).toThrow(
    new RangeError(`IRQ ${irq} is taken; choose another number`),
  );
  guest.suspend();
  guest.resume();
  expect(guest.hangs()).toEqual([]);
});

// note_interrupt, which would disable the line after 99,900 of 100,000, does not look at it.
test('a level that nobody ends keeps its CPU busy with noirqdebug, and time goes on', () => {
  const vm = Guest.create({
    cpus: 2,
    vmbus: false,
    cmdline: 'noirqdebug',
    interrupts: [{ irq: 9, chip: 'IO-APIC', flow: 'fasteoi', name: 'acpi', answers: 'none' }],
  });
  vm.irq(9).raise();
  vm.run({ ms: 1 });
  const count = vm.irqCount(9) ?? 0;
  expect(count).toBeGreaterThan(1_000_000);
  vm.run({ ms: 1 });
  expect(vm.irqCount(9)).toBe(count + 100);
  vm.irq(9).free();
  vm.run({ ms: 1 });
  expect(vm.irqCount(9)).toBe(count + 100);
});

describe('an interrupt that is on one of its CPUs from the start', () => {
  const line = { irq: 8, chip: 'IO-APIC', flow: 'edge', name: 'rtc0', counts: { 0: 3 } } as const;
  const guest = (more: Partial<InterruptOptions>) =>
    Guest.create({ cpus: 4, vmbus: false, interrupts: [{ ...line, ...more }] });

  test('its affinity and counts are those that were given', () => {
    const vm = guest({ affinity: '0-2', cpu: 2 });
    expect(vm.irq(8).effectiveAffinity).toBe('2');
    expect(vm.irq(8).affinity).toBe('0-2');
    expect(vm.irq(8).counts).toEqual([3, 0, 0, 0]);
    vm.irq(8).raise();
    expect(vm.irq(8).counts).toEqual([3, 0, 1, 0]);
  });

  test('on a CPU outside its affinity it moves with an interrupt, once its vector from before has gone', () => {
    const vm = guest({ affinity: '0-1', cpu: 2 });
    expect([vm.irq(8).effectiveAffinity, vm.irq(8).affinity]).toEqual(['2', '0-1']);
    for (let times = 0; times < 2; times++) {
      vm.irq(8).raise();
      vm.run({ ms: 10 });
    }
    expect(vm.irq(8).effectiveAffinity).not.toBe('2');
  });

  test('a CPU outside its affinity whose chip moves it at once, or one that there is not, is refused', () => {
    expect(() => guest({ chip: 'GICv3', affinity: '0-1', cpu: 2 })).toThrow(
      /IRQ 8 goes to CPU [01], not to CPU 2, of 0-1/,
    );
    expect(() => guest({ cpu: 4 })).toThrow('there is no CPU 4: this guest has CPUs 0-3');
    expect(() => guest({ name: undefined, cpu: 1 })).toThrow('nobody has requested it, and it goes nowhere');
  });
});

describe('a PCI function whose interrupts are lines', () => {
  const bdf = '7870:00:00.0';
  const instance = '47505500-7870-4000-8000-000000000000';
  const interrupts = [40, 41].map((irq, at) => ({
    irq,
    chip: 'Hyper-V PCIe MSI',
    hwirq: at,
    flow: 'edge' as const,
    name: `mana_q${at}@pci:${bdf}`,
  }));
  const lines = {
    driver: 'lines' as const,
    ...{ bdf, irqs: [40, 41], kernelDriver: 'mana', id: '1414:00ba' },
    ...{ classCode: 0x020000, subsystem: '1414:0001', revision: 3 },
  };
  const guest = (more: Partial<GuestOptions>): Guest => Guest.create({ cpus: 2, interrupts, ...more });

  test('sysfs has it with them; it takes them along when it goes', () => {
    const slot = '0000:00:05.0';
    const vm = guest({ pci: [{ ...lines, bdf: slot, bus: 'pci', kind: 'msi' }] });
    const at = `/sys/bus/pci/devices/${slot}`;
    expect(vm.fs.readdir(`${at}/msi_irqs`)).toEqual(['40', '41']);
    const files = ['irq', 'class', 'vendor', 'subsystem_device', 'revision', 'msi_irqs/41'];
    expect(files.map((name) => vm.fs.readFile(`${at}/${name}`))).toEqual(
      ['40', '0x020000', '0x1414', '0x0001', '0x03', 'msi'].map((text) => `${text}\n`),
    );
    expect(vm.fs.readlink(`${at}/driver`)).toMatch(/\/bus\/pci\/drivers\/mana$/);
    vm.lines.unplugPci(slot);
    expect(vm.procInterrupts()).not.toContain('mana_q');
    expect(vm.fs.readdir('/sys/bus/pci/devices')).toEqual([]);
  });

  test('behind a VMBus device it goes with that', () => {
    const vm = guest({ devices: [{ driver: 'vpci', relid: 30, instance, functions: [lines] }] });
    expect(vm.fs.readlink(`/sys/bus/pci/devices/${bdf}`)).toContain(instance);
    vm.host.rescind(30);
    vm.run({ ms: 10 });
    expect(vm.fs.exists('/proc/irq/40')).toBe(false);
    expect(vm.fs.readdir('/sys/bus/pci/devices')).toEqual([]);
  });

  test('of a line that is not there is refused, and so are keys that other drivers have', () => {
    expect(() => guest({ pci: [{ ...lines, irqs: [50] }] })).toThrow(
      `mana at ${bdf} cannot be taken into service`,
    );
    expect(() => guest({ pci: [{ driver: 'nvme', irqs: [40] }] })).toThrow(
      'only functions with driver lines have "irqs"',
    );
  });
});

test('CPUs that went after boot: an adapter has a channel for each that was there', () => {
  const nic = { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] } as const;
  const placed = [13, 16, 17, 18].map((relid) => ({ relid, cpu: 0 }));
  const vm = Guest.create({ cpus: { present: 4, wentOffline: [2, 3] }, devices: [nic], channels: placed });
  expect(vm.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-1\n');
  expect(vm.vmbus.bus.devices[0].channel.subChannels).toHaveLength(3);
  expect(() => Guest.create({ cpus: { present: 4, wentOffline: [3] }, devices: [nic] })).toThrow(
    /^EBUSY: CPU 3 is the target of channel/,
  );
  expect(() => Guest.create({ cpus: { present: 2, wentOffline: [0, 2] } })).toThrow(
    /expected CPUs of 0-1, not 2[\s\S]*CPU 0 does not go offline/,
  );
});
