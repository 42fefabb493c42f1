import type { Irq } from '../../lib/brand.js';
import type { MsiMsg } from '../../irq/data/irqdata.js';
import { devfnToSlot, isFailure, pciWord } from '../../host/protocols/pci.js';
import {
  createInterruptMessage,
  deleteInterruptMessage,
  interruptMadeOf,
} from '../../host/protocols/pci-interrupts.js';
import type {
  InterruptRequest,
  InterruptTarget,
  TranslatedInterrupt,
} from '../../platform/pci/hyperv/bus-port.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice } from '../../vmbus/driver.js';
import { HV_STATUS_SUCCESS, hvPciDeviceId } from '../../vmbus/host-port.js';
import { COMPLETION_REQUESTED } from '../../vmbus/ring/index.js';
import { type HostPacket, tryToSend } from '../conversation/packets.js';
import { kernLevel } from '../../machine/log.js';

/** Requests of interrupts have ids of their own, which the requests that are waited for in sleep do not reach. */
const FIRST_TRANSACTION = 2 ** 32;

/** What the interrupts of a bus need of it. */
export interface HostInterruptParts {
  readonly operations: ChannelOperations;
  readonly device: VmbusDevice;
  readonly versionOf: () => number;
  /** Takes what is in the ring (hv_pci_onchannelcallback). */
  readonly poll: () => void;
  readonly printk: (text: string, once?: boolean, priority?: number) => void;
  readonly isRemoving: () => boolean;
}

/**
 * The messages of a bus' functions, as the host makes them, forgets them and sends them elsewhere. Called with desc->lock
 * held, so an answer is polled for; a host that has none is taken for one whose device is gone.
 */
export class HostInterrupts {
  private transactionId = FIRST_TRANSACTION;
  private answer: Uint8Array | undefined;

  constructor(private readonly bus: HostInterruptParts) {}

  /** Asks for a message in the form of the agreed version (hv_compose_msi_msg). */
  create({ devfn, vector, vectorCount, cpus: [vp] }: InterruptRequest): TranslatedInterrupt | undefined {
    const { operations, device, printk } = this.bus;
    const { channel } = device;
    const request = { slot: devfnToSlot(devfn), vector, vectorCount, vp };
    const message = createInterruptMessage(this.bus.versionOf(), request);
    const id = ++this.transactionId;
    this.answer = undefined;
    if (!tryToSend(() => operations.sendPacket(channel, message, id, COMPLETION_REQUESTED))) {
      printk('Sending request for interrupt failed: 0x0');
      return undefined;
    }
    operations.awaitAnswers(channel);
    this.bus.poll();
    const made = this.made();
    return made && { vectorCount: made.vectorCount, msg: made };
  }

  /** Takes the answer to a request for an interrupt. @returns false if the packet is another one. */
  completed(packet: HostPacket): boolean {
    const { transactionId } = packet;
    if (transactionId < FIRST_TRANSACTION) return false;
    if (transactionId === this.transactionId) this.answer = packet.payload();
    return true;
  }

  /** hv_int_desc_free */
  delete(devfn: number, { msg, vectorCount }: TranslatedInterrupt): void {
    const { operations, device } = this.bus;
    const message = deleteInterruptMessage(devfnToSlot(devfn), { vectorCount, ...msg });
    tryToSend(() => operations.sendPacket(device.channel, message, 0));
  }

  /** hv_arch_irq_unmask, on x86 */
  retarget(devfn: number, msg: MsiMsg, { vector, cpus }: InterruptTarget): void {
    const { operations, device, printk, isRemoving } = this.bus;
    const { online } = device.channel.machine;
    const vps = cpus.filter((cpu) => online.has(cpu));
    const deviceId = hvPciDeviceId(device.instanceId, devfn & 7);
    // Without a CPU there is no call, and 1 in place of its status.
    const status = vps.length === 0 ? 1 : operations.retargetInterrupt({ deviceId, msg, vector, vps });
    if (status === HV_STATUS_SUCCESS || isRemoving()) return;
    printk(`${operations.kernel.vpciRetarget}() failed: 0x${status.toString(16)}`);
  }

  cannotUnmask(irq: Irq): void {
    const { operations, printk } = this.bus;
    printk(`${operations.kernel.vpciRetarget}() can not unmask irq ${irq}`, false, kernLevel.WARNING);
  }

  private made(): (MsiMsg & { readonly vectorCount: number }) | undefined {
    const { printk } = this.bus;
    const { answer } = this;
    if (answer === undefined) {
      printk('the device has gone', true);
      return undefined;
    }
    const made = interruptMadeOf(answer);
    if (made !== undefined && !isFailure(answer)) return made;
    const status = made === undefined ? 0xffffffff : pciWord(answer, 0);
    printk(`Request for interrupt failed: 0x${status.toString(16)}`);
    return undefined;
  }
}
