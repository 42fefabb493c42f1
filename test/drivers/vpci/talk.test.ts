import { describe, expect, test } from '@jest/globals';
import { PCI, pciResponse, pciWord, STATUS_REVISION_MISMATCH } from '../../../src/host/protocols/pci.js';
import { parseGuid } from '../../../src/vmbus/protocol/guid.js';
import { VM_PKT } from '../../../src/vmbus/ring/index.js';
import { backendsWith } from '../../support/backends.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

const instance = (domain: string) => parseGuid(`b92a0085-${domain}-407a-a88a-d33fac8edc75`);

function pciDevice(relid: number, domain: string) {
  const distinct = `b92a${relid.toString(16).padStart(4, '0')}-${domain}-407a-a88a-d33fac8edc75`;
  return device('pci', relid, { instanceId: parseGuid(distinct) });
}

function rowNames(guest: TestGuest): string[] {
  return guest.rows().map(([, relid, name]) => `${relid} ${name}`);
}

function pciGuest(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({ devices: [device('pci', 5, { instanceId: instance('468b') })], ...options });
}

describe('PCI domains', () => {
  test('from bytes 4 and 5 of the instance id', () => {
    const guest = pciGuest().boot();
    expect(rowNames(guest)).toEqual(['5 vpci:468b']);
    expect(guest.log().at(-1)).toBe(`hv_pci ${instance('468b')}: PCI VMBus probing: Using version 0x10004`);
  });

  test('four digits even if small', () => {
    expect(rowNames(new TestGuest({ devices: [pciDevice(5, '000a')] }).boot())).toEqual(['5 vpci:000a']);
  });

  test('a collision takes the lowest free one; 0 is never free', () => {
    const devices = [pciDevice(5, '468b'), pciDevice(6, '468b'), pciDevice(7, '0000'), pciDevice(8, '0003')];
    const guest = new TestGuest({ devices }).boot();
    expect(rowNames(guest)).toEqual(['5 vpci:468b', '6 vpci:0001', '7 vpci:0002', '8 vpci:0003']);
    const said = guest.log().filter((line) => line.includes('collision'));
    expect(said).toEqual([
      expect.stringContaining(': PCI dom# 0x468b has collision, using 0x1'),
      expect.stringContaining(': PCI dom# 0x0 has collision, using 0x2'),
    ]);
    guest.host.rescind(6);
    guest.settle();
    guest.host.offer(pciDevice(9, '468b'));
    guest.settle();
    expect(rowNames(guest)).toContain('9 vpci:0001');
  });

  test('as the settings say', () => {
    expect(rowNames(pciGuest({ settings: { vpciDomain: () => 0xface } }).boot())).toEqual(['5 vpci:face']);
  });
});

describe('the talk with the host', () => {
  test('asks for versions, devices, resources, power, in the order of pci-hyperv', () => {
    const seen: number[] = [];
    const backends = backendsWith('pci', ({ payload }) => seen.push(pciWord(payload, 0)) > 0);
    const guest = pciGuest({ backends }).boot();
    expect(seen).toEqual([
      PCI.QUERY_PROTOCOL_VERSION,
      PCI.QUERY_BUS_RELATIONS,
      PCI.QUERY_RESOURCE_REQUIREMENTS,
      PCI.BUS_D0ENTRY,
      PCI.RESOURCES_ASSIGNED2,
    ]);
    expect(guest.count(5)).toBe(5);
  });

  test('an older host is asked for older versions', () => {
    const tried: number[] = [];
    const backends = backendsWith('pci', ({ payload, transactionId }, channel, services) => {
      if (pciWord(payload, 0) !== PCI.QUERY_PROTOCOL_VERSION) return true;
      tried.push(pciWord(payload, 1));
      if (tried.length === 3) return true;
      services.send(channel, pciResponse(STATUS_REVISION_MISMATCH), transactionId, 1000, VM_PKT.COMP);
      return false;
    });
    expect(rowNames(pciGuest({ backends }).boot())).toEqual(['5 vpci:468b']);
    expect(tried).toEqual([0x10004, 0x10003, 0x10002]);
  });

  test.each([PCI.QUERY_PROTOCOL_VERSION, PCI.BUS_D0ENTRY])('a refusal of %i fails the probe', (message) => {
    const backends = backendsWith('pci', ({ payload, transactionId }, channel, services) => {
      if (pciWord(payload, 0) !== message) return true;
      services.send(channel, pciResponse(0xc0000001), transactionId, 1000, VM_PKT.COMP);
      return false;
    });
    const guest = pciGuest({ backends }).boot();
    expect(guest.log().slice(-2)).toEqual([
      `hv_vmbus: probe failed for device ${instance('468b')} (-71)`,
      `hv_pci: probe of ${instance('468b')} failed with error -71`,
    ]);
    expect(guest.memory.blocksInUse).toBe(0);
    guest.host.offer(pciDevice(6, '468b'));
    guest.settle();
    // The domain is free again.
    expect(guest.channel(6).irqName).toBe('vpci:468b');
  });
});

describe('what pci-hyperv does where the host does not do its part', () => {
  function answering(message: number, how: 'refuse' | 'ignore', seen: number[] = []) {
    return backendsWith('pci', ({ payload, transactionId }, channel, services) => {
      const type = pciWord(payload, 0);
      seen.push(type);
      if (type !== message) return true;
      if (how === 'refuse') services.send(channel, pciResponse(0xc0000001), transactionId, 1000, VM_PKT.COMP);
      return false;
    });
  }

  // hv_pci_probe: free_windows, exit_d0
  test('resources that are refused: the bus is powered off before the channel is closed', () => {
    const seen: number[] = [];
    const guest = pciGuest({ backends: answering(PCI.RESOURCES_ASSIGNED2, 'refuse', seen) }).boot();
    expect(seen.slice(-2)).toEqual([PCI.RESOURCES_ASSIGNED2, PCI.BUS_D0EXIT]);
    expect(guest.log()).toContain(`hv_vmbus: probe failed for device ${instance('468b')} (-71)`);
    expect(guest.channel(5).state.kind).toBe('open');
  });

  test.each(['6.1', '6.12', '7.2'] as const)(
    'Linux %s: power-off is waited for 10 s, and the channel closed',
    (kernel) => {
      const guest = pciGuest({ backends: answering(PCI.BUS_D0EXIT, 'ignore'), kernel }).boot();
      const from = guest.machine.clock.now;
      guest.run(guest.vmbus.bus.unbind(guest.device(5)));
      expect(guest.machine.clock.now - from).toBeGreaterThanOrEqual(10e9);
      expect(guest.machine.clock.now - from).toBeLessThan(10.1e9);
      expect(guest.channel(5).state.kind).toBe('open');
      expect(guest.device(5).driver).toBeUndefined();
    },
  );

  // wait_for_response
  test.each([
    [PCI.QUERY_PROTOCOL_VERSION, 30],
    [PCI.QUERY_BUS_RELATIONS, 130],
    [PCI.QUERY_RESOURCE_REQUIREMENTS, 0],
    [PCI.BUS_D0ENTRY, 270],
    [PCI.RESOURCES_ASSIGNED2, 60],
  ])('a rescind ends the wait for the answer to %i at the next look, each 100 ms', (message, afterMs) => {
    const guest = pciGuest({ backends: answering(message, 'ignore') });
    guest.machine.spawn('boot', guest.vmbus.init());
    const seen = (): number => guest.log().filter((line) => line.includes('The device is gone.')).length;
    guest.machine.elapse(20_000_000 + afterMs * 1_000_000);
    guest.host.rescind(5);
    const left = 100 - (afterMs % 100);
    guest.machine.elapse((left - 30) * 1_000_000);
    expect([seen(), guest.vmbus.bus.devices.length]).toEqual([0, 1]);
    guest.machine.elapse(30_000_000);
    expect([seen(), guest.vmbus.bus.devices.length]).toEqual([1, 0]);
  });

  test('that a device is gone is said once, whichever it is', () => {
    const devices = [pciDevice(5, '468b'), pciDevice(6, '000a')];
    const guest = pciGuest({ devices, backends: answering(PCI.QUERY_PROTOCOL_VERSION, 'ignore') });
    guest.machine.spawn('boot', guest.vmbus.init());
    guest.machine.elapse(5_000_000);
    for (const relid of [5, 6]) {
      guest.host.rescind(relid);
      guest.machine.elapse(200_000_000);
    }
    expect(guest.vmbus.bus.devices).toEqual([]);
    expect(guest.log().filter((line) => line.includes('is gone'))).toHaveLength(1);
  });

  test('a rescind ends no wait for the power-off', () => {
    const guest = pciGuest({ backends: answering(PCI.BUS_D0EXIT, 'ignore') }).boot();
    guest.machine.spawn('unbind', guest.vmbus.bus.unbind(guest.device(5)));
    guest.machine.elapse(1_000_000_000);
    guest.host.rescind(5);
    guest.machine.elapse(8_900_000_000);
    expect(guest.vmbus.bus.devices).toHaveLength(1);
    guest.machine.elapse(200_000_000);
    expect(guest.vmbus.bus.devices).toEqual([]);
  });

  test('an answer that nobody waits for, one too short, and one that comes twice', () => {
    const guest = pciGuest().boot();
    const channel = guest.host.channel(5);
    if (channel === undefined) throw new Error('no channel');
    const lines = guest.log().length;
    guest.host.send(channel, pciResponse(0), 0x1e, 0, VM_PKT.COMP);
    guest.host.send(channel, new Uint8Array(0), 0x1f, 0, VM_PKT.COMP);
    guest.host.send(channel, pciResponse(0), 1, 0, VM_PKT.COMP);
    guest.settle();
    expect(guest.log().slice(lines)).toEqual([
      `hv_pci ${instance('468b')}: Invalid transaction ID 1e`,
      `hv_pci ${instance('468b')}: Invalid transaction ID 1`,
    ]);
  });
});
