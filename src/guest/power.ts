import type { CpuId, Relid } from '../lib/brand.js';
import { HvSockDriver, vsockService } from '../drivers/hv-sock/driver.js';
import { ErrnoError } from '../lib/errno.js';
import { kernLevel } from '../machine/log.js';
import type { Machine } from '../machine/machine.js';
import { inFrame, type Procedure } from '../machine/step.js';
import { VMBUS_CONNECT_CPU } from '../vmbus/channel/placement.js';
import type { Vmbus } from '../vmbus/vmbus.js';

/** The guest's going to sleep and waking up, as a whole. */
export class GuestPower {
  /** CPUs that were taken offline for the sleep (frozen_cpus). */
  private frozen: CpuId[] = [];
  private state: 'awake' | 'falling asleep' | 'asleep' | 'waking up' = 'awake';

  constructor(
    private readonly machine: Machine,
    private readonly vmbus: Vmbus,
  ) {}

  /** There is something to resume from. */
  get sleeps(): boolean {
    return this.state === 'asleep';
  }

  /**
   * Hibernates: devices, VMBus, then all CPUs but the first (kernel/power/hibernate.c create_image).
   *
   * @throws ErrnoError EBUSY while another suspend is under way (hibernate_acquire); as VmbusPower.suspend.
   */
  *suspend(): Procedure<void> {
    if (this.state === 'falling asleep' || this.state === 'waking up')
      throw new ErrnoError('EBUSY', 'another suspend or resume is under way; wait until it has ended');
    const before = this.state;
    this.state = 'falling asleep';
    try {
      yield* this.fallAsleep();
      this.state = 'asleep';
    } finally {
      if (this.state === 'falling asleep') this.state = before;
    }
  }

  private *fallAsleep(): Procedure<void> {
    const { machine, vmbus } = this;
    if (vmbus.isLoaded) yield* vmbus.power.suspend();
    machine.log.printk('Disabling non-boot CPUs ...');
    try {
      const cpus = [...machine.online];
      if (vmbus.irq.behaviour.freezesLastCpuFirst) cpus.reverse();
      for (const cpu of cpus) {
        if (cpu === VMBUS_CONNECT_CPU) continue;
        yield* machine.hotplug.freeze(cpu);
        this.frozen.push(cpu);
      }
      machine.hotplug.disable();
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      yield* this.wakeUp();
      throw error;
    }
  }

  /** Wakes up: the CPUs, VMBus, the devices. A host that will not be connected to leaves the guest asleep. */
  *resume(): Procedure<void> {
    this.state = 'waking up';
    try {
      yield* this.wakeUp();
      this.state = 'awake';
    } finally {
      if (this.state === 'waking up') this.state = 'asleep';
    }
  }

  private *wakeUp(): Procedure<void> {
    const { machine, vmbus, frozen } = this;
    machine.hotplug.enable();
    if (frozen.length > 0) machine.log.printk('Enabling non-boot CPUs ...');
    for (const cpu of frozen.splice(0).sort((a, b) => a - b)) {
      yield* machine.hotplug.thaw(cpu);
      machine.log.printk(`CPU${cpu} is up`);
    }
    if (vmbus.isLoaded) yield* vmbus.power.resume();
  }

  /**
   * Powers off, as far as the kernel does (kernel/reboot.c kernel_power_off). The host is told nothing: it sees the machine
   * go.
   *
   * @throws ErrnoError EBUSY while the guest sleeps.
   */
  *shutdown(): Procedure<void> {
    this.refuseAsleep();
    yield* inFrame('device_shutdown', this.vmbus.power.shutdown());
    this.machine.log.printk('reboot: Power down', false, kernLevel.EMERG);
  }

  /** Leaves the host, and switches the synics off, as a kernel does that kexec starts another one from (kernel_kexec). */
  *kexec(): Procedure<void> {
    this.machine.log.prNotice('kexec_core: Starting new kernel');
    yield* inFrame('hv_kexec_handler', this.vmbus.kexec());
  }

  /** Connects a socket to the host's service on a vsock port. Returns the relid of the connection's channel. */
  *connect(port: number): Procedure<Relid> {
    this.refuseAsleep();
    const driver = this.vmbus.bus.drivers.find((candidate) => candidate instanceof HvSockDriver);
    if (!(driver instanceof HvSockDriver)) throw new ErrnoError('ENODEV', 'the guest has no hv_sock driver');
    const channel = yield* driver.connect(vsockService(port));
    return channel.relid;
  }

  /** rmmod. */
  *unloadModule(name: string): Procedure<void> {
    this.refuseAsleep();
    yield* this.vmbus.modules.remove(name);
  }

  /** modprobe. */
  *loadModule(name: string): Procedure<void> {
    this.refuseAsleep();
    yield* this.vmbus.modules.load(name);
  }

  /** Processes are frozen before the first device suspends, and go on after the last has resumed (freeze_processes). */
  private refuseAsleep(): void {
    if (this.state === 'falling asleep' || this.state === 'waking up')
      throw new ErrnoError('EBUSY', `the guest is ${this.state}, and its processes are frozen`);
    if (this.machine.hotplug.isDisabled)
      throw new ErrnoError('EBUSY', 'the guest sleeps, and its processes with it; resume it first');
  }
}
