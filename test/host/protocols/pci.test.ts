import { describe, expect, test } from '@jest/globals';
import {
  devfnToSlot,
  PCI,
  pciResourcesAssigned,
  pciWord,
  slotToDevfn,
} from '../../../src/host/protocols/pci.js';
import { functionsOf, pciBusRelations } from '../../../src/host/protocols/pci-functions.js';
import {
  createInterruptMessage,
  createInterruptResponse,
  interruptMadeOf,
  interruptRequestOf,
} from '../../../src/host/protocols/pci-interrupts.js';
import { hvPciDeviceId } from '../../../src/vmbus/host-port.js';
import { parseGuid } from '../../../src/vmbus/protocol/guid.js';

// Structures of drivers/pci/controller/pci-hyperv.c, all packed.

const request = { slot: 2, vector: 0x41, vectorCount: 1, vp: 5 };

describe('CREATE_INTERRUPT', () => {
  test.each([
    [0x10001, PCI.CREATE_INTERRUPT_MESSAGE, 24],
    [0x10002, PCI.CREATE_INTERRUPT_MESSAGE2, 78],
    [0x10003, PCI.CREATE_INTERRUPT_MESSAGE2, 78],
    [0x10004, PCI.CREATE_INTERRUPT_MESSAGE3, 82],
  ])('of version %i is message %i of %i bytes', (version, type, bytes) => {
    const message = createInterruptMessage(version, request);
    expect([pciWord(message, 0), message.length]).toEqual([type, bytes]);
    const { vp, ...others } = request;
    expect(interruptRequestOf(message)).toEqual(version === 0x10001 ? others : { ...others, vp });
  });

  test('of 1.4 takes vectors of more than a byte: SPIs', () => {
    const message = createInterruptMessage(0x10004, { ...request, vector: 1019 });
    expect(interruptRequestOf(message)?.vector).toBe(1019);
  });

  test('that is too short is none', () => {
    for (const version of [0x10001, 0x10002, 0x10004])
      expect(interruptRequestOf(createInterruptMessage(version, request).slice(0, 20))).toBeUndefined();
  });

  test('is answered with address and data', () => {
    const made = { vectorCount: 4, data: 7, addressLo: 0xfee00000, addressHi: 1 };
    expect(interruptMadeOf(createInterruptResponse(0, made))).toEqual(made);
    expect(interruptMadeOf(createInterruptResponse(0, made).slice(0, 20))).toBeUndefined();
  });
});

test('BUS_RELATIONS of 20 bytes a function, BUS_RELATIONS2 of 28, which alone tells the node', () => {
  const one = {
    slot: 0x22,
    vendor: 0x15b3,
    device: 0x1016,
    revision: 0x80,
    classCode: 0x020000,
    subsystem: 0x19001414,
    serial: 0xfffffffe,
    node: 1,
  };
  const { node, ...without } = one;
  const lists = [0x10003, 0x10004].map((version) => pciBusRelations(version, [one, without]));
  expect(lists.map(({ length }) => length)).toEqual([8 + 2 * 20, 8 + 2 * 28]);
  expect(functionsOf(lists[0])).toEqual([without, without]);
  expect(functionsOf(lists[1])).toEqual([{ ...without, node }, without]);
});

test('RESOURCES_ASSIGNED2 is for 1.2 and later', () => {
  const lengths = [0x10001, 0x10002, 0x10004].map((version) => pciResourcesAssigned(version, 0).length);
  expect(lengths).toEqual([148, 202, 202]);
});

test('slots have the device below and the function above it', () => {
  expect([devfnToSlot(0x10), devfnToSlot(0x13)]).toEqual([2, 2 | (3 << 5)]);
  for (let devfn = 0; devfn < 256; devfn++) expect(slotToDevfn(devfnToSlot(devfn))).toBe(devfn);
});

test('the hypervisor knows a function by bytes 5, 4, 7 and 6 of its bus', () => {
  const id = hvPciDeviceId(parseGuid('47505500-b5d9-1237-3130-444531444234'), 3);
  expect(id).toBe(0xb5d91233);
});
