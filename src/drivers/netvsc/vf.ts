// A virtual function beside an adapter, by which its frames go while it is up (drivers/net/hyperv/netvsc_drv.c).
import { ErrnoError } from '../../lib/errno.js';
import type { Ns } from '../../lib/brand.js';
import { sleep, WaitQueue } from '../../machine/completion.js';
import { type NetDevice, type NetEvent, netDevices } from '../../machine/net-devices.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import { NVSP, NVSP_DATAPATH, nvspMessage, nvspWord } from '../../host/protocols/network.js';
import type { Lock } from '../../machine/lock.js';
import type { VmbusDevice } from '../../vmbus/driver.js';
import type { Conversation } from '../conversation/conversation.js';
import { kernLevel } from '../../machine/log.js';

/** From a virtual function's registration to its being opened (VF_TAKEOVER_INT). */
const TAKEOVER_NS: Ns = 100_000_000;

/** What a virtual function needs of the adapter that it belongs to. */
export interface VfAdapter {
  readonly device: VmbusDevice;
  readonly rtnl: Lock;
  readonly conversation: Conversation;
  readonly statistics: { dropped: number };
  /** The adapter can be used. */
  readonly attached: boolean;
  /** Its interface is up. */
  readonly isUp: boolean;
  /** Its Ethernet address. */
  readonly address: string;
  /** A line of the log about its interface. */
  printk(text: string, priority?: number): void;
}

/** What an adapter knows of its virtual function (struct net_device_context). */
export class NetvscVf {
  /** Frames that went by the virtual function, and came by it (struct netvsc_vf_pcpu_stats). */
  readonly statistics = { transmitted: 0, received: 0 };
  /** The function's interface while it belongs to the adapter (vf_netdev). */
  netDevice: NetDevice | undefined;
  /** The host has given the adapter a function, with this serial number (vf_alloc, vf_serial). */
  private isAllocated = false;
  private serial = 0;
  private dataPathIsVf = false;
  /** The host has said which function it is (vf_add). */
  private readonly added: WaitQueue;

  constructor(private readonly adapter: VfAdapter) {
    this.added = new WaitQueue(
      `VF association of channel ${adapter.device.channel.relid}`,
      () => this.isAllocated,
    );
  }

  /** True if frames go by the virtual function. */
  get isActive(): boolean {
    return this.dataPathIsVf;
  }

  /** The host has given the adapter a function, or taken it (netvsc_send_vf). */
  associate(message: Uint8Array): void {
    this.isAllocated = nvspWord(message, 0) !== 0;
    this.serial = nvspWord(message, 1);
    if (this.isAllocated) this.added.wakeUp();
    this.adapter.printk(`VF slot ${this.serial} ${this.isAllocated ? 'added' : 'removed'}`, kernLevel.INFO);
  }

  /** Whether an interface is the adapter's virtual function: by the number of its slot, or by its address. */
  isVf({ options: { address, pci } }: NetDevice, by: 'serial' | 'address'): boolean {
    if (pci === undefined) return false;
    if (by === 'address') return address !== undefined && address === this.adapter.address;
    return this.isAllocated && pci.slot === String(this.serial);
  }

  /** Sends a frame by the virtual function (netvsc_vf_xmit). @returns false if frames do not go by it. */
  transmit(hash: number): boolean {
    const { netDevice } = this;
    if (!(this.dataPathIsVf && netDevice?.isRunning)) return false;
    if (netDevice.options.frame?.('tx', hash)) this.statistics.transmitted += 1;
    else this.adapter.statistics.dropped += 1;
    return true;
  }

  /** A frame came by the virtual function (netvsc_vf_handle_frame). @returns false if it has none that takes it. */
  receive(hash: number): boolean {
    const taken = this.netDevice?.options.frame?.('rx', hash) ?? false;
    if (taken) this.statistics.received += 1;
    return taken;
  }

  /** A function has come, which is opened a while later (netvsc_register_vf). */
  register(netDevice: NetDevice): void {
    const { machine } = this.adapter.device.channel;
    if (this.join(netDevice)) machine.spawn('netvsc_vf_setup', this.setUp(netDevice));
  }

  /** A function was there before the adapter: it is down as long as the adapter is (netvsc_probe, __netvsc_vf_setup). */
  *registerInProbe(netDevice: NetDevice): Procedure<void> {
    if (this.join(netDevice)) yield* netDevices(this.adapter.device.channel.machine).close(netDevice);
  }

  private join(netDevice: NetDevice): boolean {
    const { adapter } = this;
    if (!adapter.attached || this.netDevice !== undefined) return false;
    adapter.printk(`VF registering: ${netDevice.name}`, kernLevel.INFO);
    this.netDevice = netDevice;
    return true;
  }

  /** The function is up, or about to go: its frames take the other way (netvsc_vf_changed). */
  *changed(netDevice: NetDevice, event: NetEvent): Procedure<void> {
    const isUp = event !== 'going-down' && netDevice.isRunning;
    const { adapter } = this;
    if (!adapter.attached || this.dataPathIsVf === isUp) return;
    if (isUp && !this.isAllocated) {
      adapter.printk('Waiting for the VF association from host', kernLevel.INFO);
      yield* this.added.wait();
    }
    const way = `${isUp ? 'to' : 'from'} VF: ${netDevice.name}`;
    try {
      yield* inFrame('netvsc_switch_datapath', this.switchDataPath(isUp));
      adapter.printk(`Data path switched ${way}`, kernLevel.INFO);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      adapter.printk(`Data path failed to switch ${way}, err: ${error.errno}`);
    }
  }

  /** netvsc_unregister_vf */
  unregister(netDevice: NetDevice): void {
    this.adapter.printk(`VF unregistering: ${netDevice.name}`, kernLevel.INFO);
    this.netDevice = undefined;
  }

  /** The adapter starts over: the host sends by its channels. */
  reset(): void {
    this.dataPathIsVf = false;
  }

  private *switchDataPath(toVf: boolean): Procedure<void> {
    if (!toVf) this.dataPathIsVf = false;
    const path = toVf ? NVSP_DATAPATH.VF : NVSP_DATAPATH.SYNTHETIC;
    yield* this.adapter.conversation.request(nvspMessage(NVSP.SWITCH_DATA_PATH, path));
    this.dataPathIsVf = toVf;
  }

  /** A while later the function is opened if the adapter is in service (netvsc_vf_setup, __netvsc_vf_setup). */
  private *setUp(netDevice: NetDevice): Procedure<void> {
    yield* sleep(TAKEOVER_NS);
    const { rtnl, device } = this.adapter;
    yield* rtnl.lock();
    if (this.netDevice === netDevice && this.adapter.attached && this.adapter.isUp)
      yield* netDevices(device.channel.machine).open(netDevice);
    yield* rtnl.unlock();
  }
}
