import { ErrnoError } from '../../lib/errno.js';
import type { Irq } from '../../lib/brand.js';
import type { MsiMsg } from '../../irq/data/irqdata.js';
import { Lock } from '../../machine/lock.js';
import type { Procedure } from '../../machine/step.js';
import { Workqueue } from '../../machine/workqueue.js';
import { isFailure, PCI, pciMessage, pciWord, slotToDevfn } from '../../host/protocols/pci.js';
import { functionsOf, type PciFunctionDescription } from '../../host/protocols/pci-functions.js';
import type {
  InterruptRequest,
  InterruptTarget,
  TranslatedInterrupt,
} from '../../platform/pci/hyperv/bus-port.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import { type HostPacket, packetCallback, tryToSend } from '../conversation/packets.js';
import { devPrintk } from '../dev-printk.js';
import { ChildDevices } from './children.js';
import { HostInterrupts } from './host-interrupts.js';
import type { PciCore, PciFunctionFound, PciRootBus } from './pci-core.js';
import { PciTalk } from './talk.js';
import { kernLevel } from '../../machine/log.js';

/** 16 KiB of data and the header (pci_ring_size). */
const RING_PAGES = 5;
/** What is not longer than a status is not looked at (struct pci_response). */
const MIN_PAYLOAD_BYTES = 4;
/** Length of a packet's header, which a report of its length includes. */
const HEADER_BYTES = 16;

/** What a bus is made of. */
export interface HvPciBusParts {
  readonly driver: VmbusDriver;
  readonly operations: ChannelOperations;
  readonly core: PciCore;
  readonly device: VmbusDevice;
  /** Number of its PCI domain. */
  readonly domain: number;
}

/** How far a bus has come (enum hv_pcibus_state). */
type BusState = 'init' | 'probed' | 'installed' | 'removing';

/**
 * One root bus (struct hv_pcibus_device): what is spoken with its host, and what becomes of what the host says.
 *
 * Access rules: works of the bus' own ordered queue change its children one after the other, under `stateLock`, which the
 * probe holds from power-on to the end.
 */
export class HvPciBus implements PciRootBus {
  readonly number: number;
  readonly instanceId: Guid;
  private state: BusState = 'init';
  private readonly stateLock = new Lock('state_lock');
  private readonly children: ChildDevices;
  private readonly wq: Workqueue;
  private readonly talk: PciTalk;
  private readonly callback: ReturnType<typeof packetCallback>;
  private readonly interrupts: HostInterrupts;
  /** The lists of functions that the host has sent and nobody has looked at (dr_list). */
  private readonly relations: (readonly PciFunctionDescription[])[] = [];

  constructor(private readonly parts: HvPciBusParts) {
    const { device, operations, domain } = parts;
    const { machine } = device.channel;
    this.number = domain;
    this.instanceId = device.instanceId;
    this.wq = new Workqueue(machine, `hv_pci_${domain.toString(16)}`);
    this.callback = packetCallback(operations, this.receive);
    this.talk = new PciTalk(operations, device, (text, once, priority) => this.printk(text, once, priority));
    this.children = new ChildDevices(machine.topology);
    this.interrupts = new HostInterrupts({
      operations,
      device,
      versionOf: () => this.talk.version,
      poll: () => this.callback(device.channel),
      printk: (text, once, priority) => this.printk(text, once, priority),
      isRemoving: () => this.state === 'removing',
    });
  }

  // What hv_pci_drv does with the bus.

  /** Opens the channel, and goes on until functions have their drivers; no open channel is left behind otherwise. */
  *probe(): Procedure<void> {
    const { core, device, operations } = this.parts;
    yield* this.open();
    try {
      yield* this.talk.negotiate();
      core.attach(this);
      try {
        yield* this.queryRelations();
        yield* this.install();
      } catch (error) {
        core.detach(this);
        throw error;
      }
    } catch (error) {
      yield* operations.close(device.channel);
      throw error;
    }
  }

  /** hv_pci_remove, of a device that the host has perhaps rescinded already */
  *remove(): Procedure<void> {
    const { core, device, operations } = this.parts;
    if (this.state === 'installed') {
      this.state = 'removing';
      yield* this.wq.drained();
      yield* core.removeAll(this);
    }
    yield* this.tryExit(false);
    yield* operations.close(device.channel);
    core.detach(this);
  }

  /** hv_pci_suspend */
  *suspend(): Procedure<void> {
    const { device, operations } = this.parts;
    if (this.state !== 'installed')
      throw new ErrnoError('EINVAL', `PCI bus ${this.instanceId} is not in service`);
    this.state = 'removing';
    yield* this.wq.drained();
    yield* this.exit(true);
    yield* operations.close(device.channel);
  }

  /** hv_pci_resume: with the version of before, and all messages composed anew. */
  *resume(): Procedure<void> {
    const { core, device, operations } = this.parts;
    this.state = 'init';
    yield* this.open();
    try {
      yield* this.talk.negotiate([this.talk.version]);
      yield* this.queryRelations();
      yield* this.stateLock.lock();
      try {
        yield* this.enterD0();
        yield* this.talk.sendResourcesAllocated(this.children.slots);
        core.restore(this);
        this.state = 'installed';
      } finally {
        yield* this.stateLock.unlock();
      }
    } catch (error) {
      yield* operations.close(device.channel);
      throw error;
    }
  }

  // What the PCI core and the irqdomain ask.

  functions(): readonly PciFunctionFound[] {
    return this.children.found();
  }

  hasFunction(devfn: number): boolean {
    return this.children.hasFunction(devfn);
  }

  createInterrupt(request: InterruptRequest): TranslatedInterrupt | undefined {
    return this.interrupts.create(request);
  }

  deleteInterrupt(devfn: number, interrupt: TranslatedInterrupt): void {
    this.interrupts.delete(devfn, interrupt);
  }

  retargetInterrupt(devfn: number, msg: MsiMsg, target: InterruptTarget): void {
    this.interrupts.retarget(devfn, msg, target);
  }

  cannotUnmask(irq: Irq): void {
    this.interrupts.cannotUnmask(irq);
  }

  private *open(): Procedure<void> {
    const { device, operations } = this.parts;
    const { channel } = device;
    // Each time, with RFC patch 4: after a resume the interrupt is another one.
    channel.irqName = `vpci:${this.number.toString(16).padStart(4, '0')}`;
    this.talk.begin();
    yield* operations.open(channel, { callback: this.callback, ringPages: RING_PAGES });
  }

  /** The end of hv_pci_probe: power, resources, and the root bus (create_root_hv_pci_bus). */
  private *install(): Procedure<void> {
    yield* this.stateLock.lock();
    try {
      yield* this.enterD0();
      try {
        yield* this.talk.sendResourcesAllocated(this.children.slots);
        this.state = 'probed';
        yield* this.parts.core.scan(this, true);
      } catch (error) {
        yield* this.tryExit(true);
        throw error;
      }
      this.state = 'installed';
    } finally {
      yield* this.stateLock.unlock();
    }
  }

  /** The list comes as a message of its own; a work looks at it, and is waited for (hv_pci_query_relations). */
  private *queryRelations(): Procedure<void> {
    try {
      yield* this.talk.queryRelations();
    } finally {
      yield* this.wq.drained();
    }
  }

  /** A host that refuses may still have what an earlier kernel left: that is given back, once (hv_pci_enter_d0). */
  private *enterD0(): Procedure<void> {
    let answer = yield* this.talk.enterD0();
    if (isFailure(answer)) {
      this.printk('Retrying D0 Entry');
      this.talk.highestSlot = 255;
      try {
        yield* this.exit(true);
        answer = yield* this.talk.enterD0();
      } catch (error) {
        if (!(error instanceof ErrnoError)) throw error;
        this.printk(`Retrying D0 failed with ret ${error.errno}`);
      }
    }
    if (!isFailure(answer)) return;
    const status = pciWord(answer, 0).toString(16);
    this.printk(`PCI Pass-through VSP failed D0 Entry with status ${status}`);
    throw new ErrnoError('EPROTO', `the host does not let ${this.instanceId} be used`);
  }

  /** Gives back what the bus has on the host (hv_pci_bus_exit); nothing after a rescind. */
  private *exit(keepDevices: boolean): Procedure<void> {
    if (this.parts.device.channel.rescind) return;
    const { slots } = this.children;
    if (!keepDevices) this.children.clear();
    yield* this.talk.exitD0(keepDevices ? slots : []);
  }

  /** As exit, where nobody looks whether the host answers. */
  private *tryExit(keepDevices: boolean): Procedure<void> {
    try {
      yield* this.exit(keepDevices);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
    }
  }

  /** hv_pci_onchannelcallback */
  private readonly receive = (packet: HostPacket): void => {
    const { type, transactionId } = packet;
    const payload = packet.payload();
    if (payload.length <= MIN_PAYLOAD_BYTES) return;
    if (type === VM_PKT.COMP) {
      if (!this.interrupts.completed(packet) && !this.talk.receive(packet))
        this.printk(`Invalid transaction ID ${transactionId.toString(16)}`);
    } else if (type === VM_PKT.DATA_INBAND) this.inband(payload);
    else {
      const length = HEADER_BYTES + payload.length;
      this.printk(`unhandled packet type ${type}, tid ${transactionId.toString(16)} len ${length}`);
    }
  };

  private inband(message: Uint8Array): void {
    const type = pciWord(message, 0);
    switch (type) {
      case PCI.BUS_RELATIONS:
      case PCI.BUS_RELATIONS2: {
        const functions = functionsOf(message);
        if (functions !== undefined) this.devicesPresent(functions);
        else this.printk(`bus relations ${type === PCI.BUS_RELATIONS ? '' : 'v2 '}too small`);
        return;
      }
      case PCI.EJECT:
        this.ejectDevice(pciWord(message, 1));
        return;
      case PCI.INVALIDATE_BLOCK:
        return;
      default:
        this.printk(`Unimplemented protocol message ${type.toString(16)}`, false, kernLevel.WARNING);
    }
  }

  /** hv_pci_start_relations_work */
  private devicesPresent(functions: readonly PciFunctionDescription[]): void {
    if (this.state === 'removing') {
      this.printk('PCI VMBus BUS_RELATIONS: ignored', false, kernLevel.INFO);
      return;
    }
    this.relations.push(functions);
    if (this.relations.length === 1)
      this.wq.queue(() => this.devicesPresentWork(), undefined, { func: 'pci_devices_present_work' });
  }

  /** Only the newest list counts; who is not on it is gone (pci_devices_present_work). */
  private *devicesPresentWork(): Procedure<void> {
    const functions = this.relations.pop();
    this.relations.length = 0;
    if (functions === undefined) return;
    yield* this.stateLock.lock();
    try {
      yield* this.children.update(functions, (description) => this.newChild(description));
      if (this.state === 'installed') yield* this.parts.core.scan(this, false);
      else if (this.state !== 'removing') this.talk.surveyed();
    } finally {
      yield* this.stateLock.unlock();
    }
  }

  /** Asks what a function needs (new_pcichild_device). @returns false if it cannot be had. */
  private *newChild({ slot }: PciFunctionDescription): Procedure<boolean> {
    try {
      const answer = yield* this.talk.queryResources(slot);
      if (isFailure(answer))
        this.printk(`query resource requirements failed: ${pciWord(answer, 0).toString(16)}`);
      return true;
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.printk("couldn't record a child device.");
      return false;
    }
  }

  /** hv_pci_eject_device */
  private ejectDevice(slot: number): void {
    if (!this.children.has(slot)) return;
    if (this.state === 'removing') this.printk('PCI VMBus EJECT: ignored', false, kernLevel.INFO);
    else this.wq.queue(() => this.ejectWork(slot), undefined, { func: 'hv_eject_device_work' });
  }

  /** hv_eject_device_work */
  private *ejectWork(slot: number): Procedure<void> {
    const { core, device, operations } = this.parts;
    yield* this.stateLock.lock();
    try {
      yield* core.remove(this, slotToDevfn(slot));
      this.children.delete(slot);
      const done = pciMessage(PCI.EJECTION_COMPLETE, slot, 0);
      tryToSend(() => operations.sendPacket(device.channel, done, 0));
    } finally {
      yield* this.stateLock.unlock();
    }
  }

  private printk(text: string, once = false, priority?: number): void {
    const { driver, device } = this.parts;
    devPrintk(driver, device, text, once, priority);
  }
}
