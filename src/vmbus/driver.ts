import type { CpuId } from '../lib/brand.js';
import { Completion } from '../machine/completion.js';
import type { Proc } from '../machine/step.js';
import type { VmbusChannel } from './channel.js';
import type { Guid } from './guid.js';

/** A device on the VMBus (struct hv_device): one primary channel, perhaps with sub-channels. */
export class VmbusDevice {
  /** The driver bound to the device; undefined while there is none. */
  driver: VmbusDriver | undefined;
  /** Whatever the driver keeps for the device (hv_set_drvdata). */
  driverData: unknown;
  /** Done unless a driver's probe is running. */
  readonly probing = new Completion('probe');

  constructor(
    readonly classId: Guid,
    readonly instanceId: Guid,
    readonly channel: VmbusChannel,
  ) {
    this.probing.completeAll();
  }
}

/**
 * A VMBus driver (struct hv_driver): the plug-in point for devices. It names its channels' interrupts by
 * `channel.irqName` before it opens them; all else about interrupts is VMBus' affair.
 */
export interface VmbusDriver {
  /** The module's name, e.g. `hv_netvsc`. */
  readonly name: string;
  /** Classes of devices that the driver serves. */
  readonly classIds: readonly Guid[];
  /** Serves all hv_sock channels, whose class ids are made up (struct hv_driver hvsock). */
  readonly hvsock?: boolean;
  /** Probes run beside each other and beside later offers (PROBE_PREFER_ASYNCHRONOUS). */
  readonly probesAsynchronously?: boolean;
  /** Takes a new device into service; throws ErrnoError if it can't. */
  probe(device: VmbusDevice): Proc<void>;
  /** The device goes: closes its channels. */
  remove(device: VmbusDevice): Proc<void>;
  /** A sub-channel that the driver asked the host for has arrived (sc_creation_callback). */
  subChannelOffered?(device: VmbusDevice, channel: VmbusChannel): Proc<void>;
  /** A channel interrupts another CPU from now on (change_target_cpu_callback); called with interrupts off. */
  targetCpuChanged?(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void;
  /** Uses `count` channels instead of the present number (ethtool -L). Throws ErrnoError if it can't. */
  setChannels?(device: VmbusDevice, count: number): Proc<void>;
}
