// What a probe that fails leaves in the log: the driver's own lines, the bus's, and that of the driver core.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { NVSP, NVSP_STAT_FAIL, nvspMessage, nvspType } from '../../src/host/protocols/network.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import type { MisbehaveRule } from '../../src/host/misbehave/rule.js';
import { VM_PKT } from '../../src/vmbus/ring/index.js';
import { DM, messageType, typedMessage } from '../../src/host/protocols/pipe.js';
import { backendsWith } from '../support/backends.js';
import { device, instanceOf, TestGuest } from '../support/guest.js';

function logOf(guest: TestGuest): string[] {
  const lines = guest.log();
  return lines.slice(lines.findLastIndex((line) => line.startsWith('hv_vmbus: registering driver')) + 1);
}

const nicGuest = (kernel: KernelVersion, refused: number): TestGuest => {
  const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
    if (nvspType(payload) !== refused) return true;
    services.send(
      channel,
      nvspMessage(
        refused === NVSP.SEND_RECV_BUF ? NVSP.SEND_RECV_BUF_COMPLETE : NVSP.SEND_SEND_BUF_COMPLETE,
        NVSP_STAT_FAIL,
      ),
      transactionId,
      1000,
      VM_PKT.COMP,
    );
    return false;
  });
  return new TestGuest({ present: 2, kernel, backends, devices: [device('nic', 13)] }).boot();
};

describe('netvsc', () => {
  const who = `hv_netvsc ${instanceOf(13)} (unnamed net_device) (uninitialized)`;

  test.each([
    [NVSP.SEND_RECV_BUF, 'receive'],
    [NVSP.SEND_SEND_BUF, 'send'],
  ] as const)('a buffer that the host refuses (message %i)', (message, name) => {
    expect(logOf(nicGuest('6.12', message))).toEqual([
      `${who}: Unable to complete ${name} buffer initialization with NetVsp - status ${NVSP_STAT_FAIL}`,
      `${who}: unable to connect to NetVSP - -22`,
      `${who}: unable to add netvsc device (ret -22)`,
      `hv_vmbus: probe failed for device ${instanceOf(13)} (-22)`,
      `hv_netvsc ${instanceOf(13)}: probe with driver hv_netvsc failed with error -22`,
    ]);
  });

  test('the driver core of 6.1 names the driver first', () => {
    expect(logOf(nicGuest('6.1', NVSP.SEND_RECV_BUF)).at(-1)).toBe(
      `hv_netvsc: probe of ${instanceOf(13)} failed with error -22`,
    );
  });

  test('memory that the host does not take', () => {
    const rule: MisbehaveRule = {
      what: 'message',
      message: 'GPADL_CREATED',
      nth: 2,
      deed: 'corrupt',
      field: 'creationStatus',
      value: 0xc0000001,
    };
    const vm = Guest.create({
      kernel: '7.2',
      cpus: 2,
      host: { misbehave: [rule] },
      devices: [{ driver: 'netvsc', relid: 13 }],
    });
    const { instanceId } = vm.channel(13).channel.offer;
    const lines = vm.log.map(({ text }) => text);
    const who = `hv_netvsc ${instanceId} (unnamed net_device) (uninitialized)`;
    expect(lines.slice(-6)).toEqual([
      'hv_vmbus: Failed to establish GPADL: err = 0xc0000001',
      `${who}: unable to establish receive buffer's gpadl`,
      `${who}: unable to connect to NetVSP - -122`,
      `${who}: unable to add netvsc device (ret -122)`,
      `hv_vmbus: probe failed for device ${instanceId} (-122)`,
      `hv_netvsc ${instanceId}: probe with driver hv_netvsc failed with error -122`,
    ]);
  });

  test('a channel that does not open', () => {
    const rule: MisbehaveRule = {
      what: 'message',
      message: 'OPENCHANNEL_RESULT',
      deed: 'corrupt',
      field: 'status',
      value: 1,
    };
    const vm = Guest.create({
      kernel: '6.12',
      cpus: 2,
      host: { misbehave: [rule] },
      devices: [{ driver: 'netvsc', relid: 13 }],
    });
    const { instanceId } = vm.channel(13).channel.offer;
    expect(vm.log.map(({ text }) => text)).toContain(
      `hv_netvsc ${instanceId} (unnamed net_device) (uninitialized): unable to open channel: -11`,
    );
  });
});

describe('other drivers, whose host refuses', () => {
  const id = instanceOf(5);

  test.each<[string, KernelVersion, number, string[]]>([
    ['balloon', '6.12', -71, [`hv_balloon ${id}: probe with driver hv_balloon failed with error -71`]],
    ['keyboard', '6.12', -19, [`hyperv_keyboard ${id}: synth_kbd protocol request failed (version 65536)`]],
    ['mouse', '6.1', -19, ['synthhid protocol request failed (version 131072)']],
    [
      'framebuffer',
      '6.12',
      -19,
      ['hyperv_fb: Synthetic video device version not accepted', 'hyperv_fb: Unable to connect to VSP'],
    ],
    [
      'framebuffer',
      '7.2',
      -19,
      [
        `hyperv_drm ${id}: [drm] *ERROR* Version request not accepted`,
        `hyperv_drm ${id}: [drm] *ERROR* Synthetic video device version not accepted -19`,
        `hyperv_drm ${id}: [drm] *ERROR* Failed to connect to vmbus.`,
      ],
    ],
  ])('%s of Linux %s: errno %i', (className, kernel, errno, expected) => {
    const backends = backendsWith(className, ({ payload, transactionId }, channel, services) => {
      services.send(channel, typedMessage(messageType(payload) + 1, 0), transactionId, 1000);
      return false;
    });
    const guest = new TestGuest({ present: 1, kernel, devices: [device(className, 5)], backends }).boot();
    const lines = logOf(guest);
    expect(lines).toContain(`hv_vmbus: probe failed for device ${id} (${errno})`);
    for (const line of expected) expect(lines).toContain(line);
    // Who finds no device of its own is no failure for the driver core.
    expect(lines.some((line) => line.includes('failed with error'))).toBe(errno !== -19);
  });

  test('dynamic memory that the host does not want', () => {
    const backends = backendsWith('balloon', ({ payload, transactionId }, channel, services) => {
      if (messageType(payload) !== DM.CAPABILITIES_REPORT) return true;
      services.send(channel, typedMessage(DM.CAPABILITIES_RESPONSE, 0), transactionId, 1000);
      return false;
    });
    const guest = new TestGuest({ present: 1, devices: [device('balloon', 5)], backends }).boot();
    expect(logOf(guest).slice(-3)).toEqual([
      'hv_balloon: Capabilities not accepted by host',
      `hv_vmbus: probe failed for device ${id} (-71)`,
      `hv_balloon: probe of ${id} failed with error -71`,
    ]);
  });

  test.each<[KernelVersion, string]>([
    ['6.12', 'hyperv_fb: Synthvid Version major 3, minor 5'],
    ['7.3', `hyperv_drm ${id}: [drm] Synthvid Version major 3, minor 5`],
  ])('a framebuffer of Linux %s that works says its version', (kernel, line) => {
    const guest = new TestGuest({ present: 1, kernel, devices: [device('framebuffer', 5)] }).boot();
    expect(guest.log()).toContain(line);
  });
});
