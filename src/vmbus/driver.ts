import type { CpuId } from '../lib/brand.js';
import { type Token, token } from '../lib/token.js';
import type { ClassDevice } from '../machine/class-device.js';
import { Completion } from '../machine/completion.js';
import { Lock } from '../machine/lock.js';
import type { Procedure } from '../machine/step.js';
import type { ChannelDevice, VmbusChannel } from './channel/channel.js';
import type { Guid } from './protocol/guid.js';

/** A device on the VMBus (struct hv_device): one primary channel, perhaps with sub-channels. */
export class VmbusDevice implements ChannelDevice {
  /** The driver bound to the device; undefined while there is none. */
  driver: VmbusDriver | undefined;
  /** The only driver that may serve the device, whatever its class; null: those of its class. */
  driverOverride: string | null = null;
  /** Whatever the driver keeps for the device (hv_set_drvdata). */
  driverData: unknown;
  /** What the driver has made of the device, as /sys/class shows it. */
  classDevices: readonly ClassDevice[] = [];
  /** Whether runtime power management may act, as the user said (power/control); VMBus devices know none. */
  powerControl: 'auto' | 'on' = 'auto';
  /** What the last probe failed with, as a negative errno. */
  probeError = 0;
  subChannelsAsked = 0;
  /** Done unless a driver's probe is running. */
  readonly probing = new Completion('probe');
  /** Held while the device is taken from its driver, suspended or resumed (device_lock). */
  readonly lock = new Lock('device_lock');

  constructor(
    readonly classId: Guid,
    readonly instanceId: Guid,
    readonly channel: VmbusChannel,
  ) {
    this.probing.completeAll();
  }

  targetCpuChanged(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void {
    this.driver?.targetCpuChanged?.(channel, oldCpu, newCpu);
  }
}

/** The device whose primary channel this is; undefined for a sub-channel and for a channel without a device. */
export function deviceOf({ device }: VmbusChannel): VmbusDevice | undefined {
  return device instanceof VmbusDevice ? device : undefined;
}

/**
 * A VMBus driver (struct hv_driver): the plug-in point for devices. It names its channels' interrupts by
 * `channel.irqName` before it opens them; all else about interrupts is VMBus' affair.
 */
export interface VmbusDriver {
  /** Its name on the bus, e.g. `hv_netvsc`. */
  readonly name: string;
  /** Name of its module, if that is another. */
  readonly module?: string;
  /** What its module says in the kernel log before it registers. */
  readonly greeting?: string;
  /** What it says there before it unregisters. */
  readonly farewell?: string;
  /** Classes of devices that the driver serves. */
  readonly classIds: readonly Guid[];
  /** Its module is loaded by whoever wants it: it is there, and is heard of when the first device is meant for it. */
  readonly loadedByHand?: boolean;
  /** Serves all hv_sock channels, whose class ids are made up (struct hv_driver hvsock). */
  readonly hvsock?: boolean;
  /** Probes run beside each other and beside later offers (PROBE_PREFER_ASYNCHRONOUS). */
  readonly probesAsynchronously?: boolean;
  /** Takes a new device into service; throws ErrnoError if it can't. */
  probe(device: VmbusDevice): Procedure<void>;
  /** The device goes: closes its channels. */
  remove(device: VmbusDevice): Procedure<void>;
  /** The guest is going to sleep: closes the channels and keeps what is needed to go on. Without it there is no sleep. */
  suspend?(device: VmbusDevice): Procedure<void>;
  /** The guest woke up, and the host may be another one: opens the channels again. */
  resume?(device: VmbusDevice): Procedure<void>;
  /** One of the device's `subChannelsAsked` has arrived (sc_creation_callback). */
  subChannelOffered?(device: VmbusDevice, channel: VmbusChannel): Procedure<void>;
  /** A channel interrupts another CPU from now on (change_target_cpu_callback); called with interrupts off. */
  targetCpuChanged?(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void;
  /** Somebody has the device open, so that its module stays loaded (module_refcount). */
  isInUse?(device: VmbusDevice): boolean;
  /** Uses `count` channels instead of the present number (ethtool -L). Throws ErrnoError if it can't. */
  setChannels?(device: VmbusDevice, count: number): Procedure<void>;
}

/** Plug-in point: drivers for classes of VMBus devices. Bind any number, each with a name of its own; those bound last are asked first. */
export const VMBUS_DRIVER: Token<VmbusDriver> = token('VmbusDriver');
