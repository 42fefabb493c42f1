import { NetvscDevice } from '../drivers/netvsc/device.js';
import { NetworkBackend } from '../host/backends/network.js';
import { netvscClose, netvscOpen, netvscSetRxfh } from '../drivers/netvsc/interface.js';
import { type IndirectionChoice, indirectionTable } from '../host/protocols/indirection.js';
import { RECEIVE_TABLE_SIZE } from '../host/protocols/network.js';
import type { HyperV } from '../host/hyperv.js';
import { flowHash } from '../host/protocols/flow-hash.js';
import type { Machine } from '../machine/machine.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { framesArgument, indirectionArgument } from './arguments.js';
import { checkArgument } from './check-argument.js';

/** Frames that come or go together. */
export interface FramesOptions {
  /** How many; default 1. */
  readonly count?: number;
  /** The connection that they belong to; default 0. */
  readonly flow?: number;
  /** Of each frame; default 1514. */
  readonly bytes?: number;
}

/** A network adapter of the guest. */
export class GuestNic {
  constructor(
    private readonly machine: Machine,
    private readonly host: HyperV,
    /** The adapter as the guest's kernel has it, for what is not asked for here. */
    readonly adapter: NetvscDevice,
  ) {}

  /** The adapter that a device is; undefined if there is none in service. */
  static of(machine: Machine, host: HyperV, device: VmbusDevice | undefined): GuestNic | undefined {
    const data = device?.driverData;
    return data instanceof NetvscDevice ? new GuestNic(machine, host, data) : undefined;
  }

  /** Frames that the host took. */
  get transmitted(): number {
    return this.adapter.statistics.transmitted;
  }

  /** Frames that came from the host. */
  get received(): number {
    return this.adapter.statistics.received;
  }

  /** Frames that the guest had to drop. */
  get dropped(): number {
    return this.adapter.statistics.dropped;
  }

  /** Frames that went by the adapter's virtual function, and came by it. */
  get vf(): { readonly transmitted: number; readonly received: number; readonly isActive: boolean } {
    const { statistics, isActive } = this.adapter.vf;
    return { ...statistics, isActive };
  }

  /** The channel of each hash of what comes (ethtool -x). */
  get indirection(): readonly number[] {
    const { receiveTable, channels } = this.adapter;
    return receiveTable ?? Array.from({ length: RECEIVE_TABLE_SIZE }, (_, i) => i % channels);
  }

  /**
   * Changes it (ethtool -X).
   *
   * @throws ErrnoError EINVAL for a channel that is not in use, ENODEV if the adapter is not in service.
   */
  setIndirection(choice: IndirectionChoice): void {
    checkArgument('indirection', indirectionArgument, choice);
    this.machine.call('netvsc_set_rxfh', netvscSetRxfh(this.adapter, indirectionTable(choice)));
  }

  /** The interface is up. */
  get isUp(): boolean {
    return this.adapter.isUp;
  }

  /** The interface goes up: frames come and go again. @throws ErrnoError ENODEV if the adapter is not in service. */
  up(): void {
    this.machine.call('dev_open', netvscOpen(this.adapter));
  }

  /** The interface goes down; its channels and interrupts stay. @throws ErrnoError ENODEV if the adapter is not in service. */
  down(): void {
    this.machine.call('dev_close', netvscClose(this.adapter));
  }

  /** Has the guest send frames; they go out as time passes. */
  transmit(options: FramesOptions = {}): void {
    checkArgument('transmit', framesArgument, options);
    const { count = 1, flow = 0, bytes = 1514 } = options;
    this.send(count, flow, bytes);
  }

  /** The same for what has been checked. */
  send(count: number, flow: number, bytes: number): void {
    const hash = flowHash(flow);
    for (let i = 0; i < count; i++) this.adapter.transmit({ hash, bytes });
  }

  /** Has the host deliver frames. @returns how many it could: none while the adapter is not open. */
  receive(options: FramesOptions = {}): number {
    checkArgument('receive', framesArgument, options);
    const { count = 1, flow = 0, bytes = 1514 } = options;
    return this.deliver(count, flow, bytes);
  }

  /** The same for what has been checked. */
  deliver(count: number, flow: number, bytes: number): number {
    const device = this.host.channel(this.adapter.device.channel.relid)?.device;
    const backend = device?.backend;
    if (device === undefined || !(backend instanceof NetworkBackend)) return 0;
    const hash = flowHash(flow);
    if (backend.isVfActive(device)) return this.receiveByVf(count, hash);
    let delivered = 0;
    while (delivered < count && backend.deliver(device, hash, bytes, this.host) !== undefined) delivered += 1;
    this.machine.settle();
    return delivered;
  }

  /** What the host delivers by the virtual function is lost while there is none. */
  private receiveByVf(count: number, hash: number): number {
    let delivered = 0;
    while (delivered < count && this.adapter.vf.receive(hash)) delivered += 1;
    this.machine.settle();
    return delivered;
  }
}
