import type { CpuId, Irq, Relid } from '../lib/brand.js';
import type { Machine } from '../machine/machine.js';
import { procedureOf } from '../machine/procedure-of.js';
import { ErrnoError } from '../lib/errno.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { deviceOf } from '../vmbus/driver.js';
import type { FileTree } from '../view/tree.js';
import { anInt } from './arguments.js';
import { checkArgument } from './check-argument.js';

/** A VMBus channel of the guest. */
export class GuestChannel {
  constructor(
    private readonly machine: Machine,
    private readonly fs: FileTree,
    /** The channel as the guest's kernel has it, for what is not asked for here. */
    readonly channel: VmbusChannel,
  ) {}

  get relid(): Relid {
    return this.channel.relid;
  }

  /** The channel's Linux IRQ. */
  get irq(): Irq {
    return this.channel.irq;
  }

  /** CPU that the host was last asked to interrupt. */
  get cpu(): CpuId {
    return this.channel.targetCpu;
  }

  get state(): VmbusChannel['state']['kind'] {
    return this.channel.state.kind;
  }

  /** Interrupts that reached the channel's driver: the `interrupts` file in sysfs. */
  get interrupts(): number {
    return this.channel.interrupts;
  }

  /** The channel's directory in sysfs. */
  get path(): string {
    const { offer, firstRelid } = this.channel;
    return `/sys/bus/vmbus/devices/${offer.instanceId}/channels/${firstRelid}`;
  }

  /**
   * Has the host interrupt another CPU, as a write to the channel's `cpu` file does.
   *
   * @throws ErrnoError EINVAL if the CPU does not exist, is offline or isolated; EIO if the channel is not open or the
   *   host's VMBus version is below 4.1.
   */
  setCpu(cpu: CpuId): void {
    checkArgument('cpu', anInt, cpu);
    this.fs.writeFile(`${this.path}/cpu`, String(cpu));
  }

  /** Has the channel interrupt `cpu` unless it does. @throws RangeError if that cannot be. */
  moveTo(cpu: CpuId): void {
    if (this.cpu === cpu) return;
    try {
      this.setCpu(cpu);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      throw new RangeError(`channel ${this.relid} cannot interrupt CPU ${cpu}: ${error.message}`);
    }
  }

  /**
   * Changes the number of channels of the channel's device, as `ethtool -L` does for a NIC.
   *
   * @throws ErrnoError EOPNOTSUPP if the driver can't, EINVAL for an impossible number.
   */
  setChannels(count: number): void {
    checkArgument('count', anInt, count);
    const device = deviceOf(this.channel.primaryOrSelf);
    const driver = device?.driver;
    if (device === undefined || driver?.setChannels === undefined) {
      throw new ErrnoError(
        'EOPNOTSUPP',
        `the device of channel ${this.relid} cannot change its number of channels`,
      );
    }
    const setting = procedureOf(driver.setChannels(device, count), driver, 'setChannels(device, count)');
    this.machine.call('set_channels', setting);
  }
}
