// @ts-check
// A device of your own, both sides of it, without decorators and without a compiler: the guest's driver, and the host's
// model, which sends each packet back.
//
//   $ irqlab run examples/plugin-echo/echo.yaml --plugin examples/plugin-echo/plugin.js
import { ContainerModule } from 'inversify';
import { callbackMode, ChannelOperations, HOST_BACKEND, parseGuid, VMBUS_DRIVER } from 'irqlab';

/** The class of the devices: any GUID that Linux does not know. */
const ECHO_CLASS = parseGuid('6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c02');
/** How long the host takes to answer. */
const LATENCY_NS = 20_000;

/** The guest's side: greets the host once the channel is open, and reads what comes back. @implements {VmbusDriver} */
class EchoDriver {
  name = 'hv_echo';
  classIds = [ECHO_CLASS];

  /** @param {ChannelOperations} operations what drivers call to open, use and close channels */
  constructor(operations) {
    this.operations = operations;
  }

  /** A device has been offered: a context of the guest, which may sleep. @param {VmbusDevice} device */
  *probe({ channel }) {
    channel.irqName = 'echo';
    channel.callbackMode = callbackMode.isr;
    yield* this.operations.open(channel, { callback: () => this.received(channel) });
    this.operations.sendPacket(channel, Uint8Array.of(1, 2, 3, 4), 1);
  }

  /** The channel's interrupt: all packets in its ring are read. @param {VmbusDevice['channel']} channel */
  received(channel) {
    const inbound = channel.rings?.inbound;
    if (inbound === undefined) return;
    while (inbound.next())
      channel.machine.log.prNotice(
        `hv_echo: ${inbound.payloadLength} bytes for request ${inbound.transactionId}`,
      );
    if (inbound.pktIterClose()) this.operations.setEvent(channel);
  }

  /** The device goes. @param {VmbusDevice} device */
  *remove({ channel }) {
    yield* this.operations.close(channel);
  }
}

/** The host's side. @type {HostBackend} */
const echoBackend = {
  classId: ECHO_CLASS,
  packet(channel, { payload, transactionId }, services) {
    services.send(channel, payload, transactionId, LATENCY_NS);
  },
};

/**
 * @typedef {import('irqlab').VmbusDriver} VmbusDriver
 * @typedef {import('irqlab').VmbusDevice} VmbusDevice
 * @typedef {import('irqlab').HostBackend} HostBackend
 */

export default new ContainerModule(({ bind }) => {
  bind(VMBUS_DRIVER).toResolvedValue((operations) => new EchoDriver(operations), [ChannelOperations]);
  bind(HOST_BACKEND).toConstantValue(echoBackend);
});
