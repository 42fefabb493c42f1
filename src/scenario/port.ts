import type { RaiseOptions } from '../devices/line/lines.js';
import type { RingName, RingPlace } from '../host/misbehave/rings.js';
import type { MisbehaveRule } from '../host/misbehave/rule.js';
import type { HostTotalName } from '../host/totals.js';
import type { WaitingContext } from '../machine/hung.js';
import type { Turns } from '../machine/turns.js';
import type { IndirectionChoice } from '../host/protocols/indirection.js';
import type { CpuId, Irq, Ns, Relid } from '../lib/brand.js';
import type { DeviceOptions } from './options/devices.js';
import type { InterruptOptions } from './options/interrupts.js';
import type { LineRequestOptions } from './options/line-request.js';
import type { TimeName } from './actions/answer.js';
import type { PciDeviceOptions } from './options/pci.js';

export type { IndirectionChoice, RaiseOptions };

/** A read or write of a disk. */
export interface DiskIoOptions {
  /** Who submits: submitters take the CPUs in turn by their number. */
  readonly submitter: number;
  /** CPUs that submit, as far as they are online; undefined, or when none is: all that are. */
  readonly cpus: readonly CpuId[] | undefined;
  readonly bytes: number;
  readonly isWrite: boolean;
  /** Which disk of a storage controller; undefined: the first one. */
  readonly lun?: number | undefined;
  /** Called when the I/O is over. It may submit the next one. `ok` is false if the disk went away. */
  readonly completed: (ok: boolean) => void;
}

/** An Ethernet frame. */
export interface FrameOptions {
  /** rx: the host delivers it, tx: the guest sends it. */
  readonly direction: 'rx' | 'tx';
  /** The connection that it belongs to. */
  readonly flow: number;
  readonly bytes: number;
}

/** How a kernel panics. */
export interface PanicOptions {
  /** The CPU on which it does; default 0. */
  readonly cpu?: CpuId | undefined;
  /** What it says; default: that of `echo c > /proc/sysrq-trigger`. */
  readonly reason?: string | undefined;
}

/** How a kernel is started in another one's place. */
export interface NextKernelOptions {
  /** Default: the command line of the first one; of a crash kernel with `nr_cpus=1 reset_devices`. */
  readonly cmdline?: string | undefined;
}

/** What a program does with its /dev/uio. */
export type UioDeed = 'open' | 'close' | 'enable' | 'disable';

/** What has become of a channel's signals since booting. */
export interface SignalNumbers {
  readonly delivered: number;
  readonly coalesced: number;
  readonly lost: number;
  readonly waiting: number;
  readonly needless: number;
  /** From the host's signal to the end of what handles it; undefined: nothing was handled. */
  readonly latency: Readonly<Record<TimeName, Ns>> | undefined;
}

/** Counts what becomes of signals. */
export interface SignalStats {
  /** Of one channel; undefined if the kernel whose signals are counted runs no more. */
  channelNumbers(relid: Relid): SignalNumbers | undefined;
}

/**
 * What a scenario needs of a guest. Every call returns when the guest has done the work: virtual time moves on as far
 * as needed, and what was scheduled with `at` happens meanwhile. What the guest's user would see as a failed system
 * call is thrown as ErrnoError.
 */
export interface ScenarioGuest {
  /** Virtual time; not 0 at the start if booting took time. */
  readonly now: Ns;

  /**
   * Has `action` happen at `timeNs`, which does not lie in the past, between other things. It may signal, move
   * data and call `at` again, nothing else. Equal times happen in the order of the calls.
   */
  at(timeNs: Ns, action: () => void): void;

  /** Lets the time go by until `timeNs`, what lies exactly there included. Nothing to do if that is past. */
  elapseTo(timeNs: Ns): void;

  /** The same, as long as `mayGoOn`, which is asked before each event, says so. @returns whether it got to `timeNs`. */
  elapseWhile(timeNs: Ns, mayGoOn: () => boolean): boolean;

  /**
   * The work of one call in turns, for who has others to serve meanwhile.
   *
   * @param call ends with a call of this guest's: what comes behind one that takes time is not done.
   * @returns what it returns if it took no time; else undefined.
   */
  inTurns<T>(call: () => T): Turns<T | undefined>;

  /** Takes a CPU offline (writes 0 to its `online` file). */
  offline(cpu: CpuId): void;

  /** Brings a CPU online. */
  online(cpu: CpuId): void;

  /** A CPU is plugged in; it is offline then. Throws RangeError for one that cannot come. */
  plugCpu(cpu: CpuId): void;

  /** The host takes a CPU away, which goes offline first. Throws RangeError for one that is not plugged in. */
  unplugCpu(cpu: CpuId): void;

  /** Sets an interrupt's affinity to a CPU list such as `0-3,5` (writes its smp_affinity_list). */
  setAffinity(irq: Irq, cpuList: string): void;

  /** Has a channel interrupt another CPU (writes the `cpu` file of the channel in sysfs). */
  setChannelCpu(relid: Relid, cpu: CpuId): void;

  /**
   * The host signals a channel.
   *
   * @returns how many of the `times` signals were sent: 0 if the host has no such channel open.
   */
  signal(relid: Relid, times: number): number;

  /** How often the host has signalled a channel since it was offered; 0 if there is no such channel. */
  signalled(relid: Relid): number;

  /**
   * A device outside VMBus asserts its interrupt.
   *
   * @returns how many of the `times` times it did: 0 if there is no such line now.
   * @throws RangeError for a device that is not there, or a CPU where none may or must be named.
   */
  raise(irq: Irq, times: number, options?: RaiseOptions): number;

  /** How often devices have asserted a line since it is there; 0 if there is no such line. */
  raised(irq: Irq): number;

  /** The lines outside VMBus, for what their drivers and devices do. */
  readonly lines: ScenarioLines;

  /** The guest starts an I/O. @returns false if there is no disk with this relid and LUN, or PCI device of this name, in service. */
  submitIo(disk: Relid | string, io: DiskIoOptions): boolean;

  /** A frame comes or goes. @returns false if there is no network adapter with this relid or name in service. */
  frame(nic: Relid | string, frame: FrameOptions): boolean;

  /** The host offers one more device. Returns when the guest has dealt with the offer. */
  offer(device: DeviceOptions): void;

  /** The host takes a channel back. Returns when the guest has dealt with that. */
  rescind(relid: Relid): void;

  /** The host, for what it must not do. */
  readonly host: ScenarioHost;

  /** What the host did against the protocol and the guest refused: how often, by reason. */
  refused(): ReadonlyMap<string, number>;

  /** The contexts of the guest that hang, and what each waits for. */
  hangs(): readonly WaitingContext[];

  /** The guest hibernates. */
  suspend(): void;

  /** The guest wakes up; its channels have other relids: those given for their old ones, or counted on. */
  resume(relids?: ReadonlyMap<Relid, Relid>): void;

  /** The guest powers off: nothing runs in it any more. */
  shutdown(): void;

  /** The kernel panics: nothing runs in the guest any more. Throws RangeError for a CPU where it cannot. */
  panic(options: PanicOptions): void;

  /** The kernel panics, and the crash kernel is started on the same CPU. Throws RangeError as `panic`. */
  crash(options: PanicOptions & NextKernelOptions): void;

  /** A new kernel is started in the old one's place. */
  kexec(options: NextKernelOptions): void;

  /** Unloads modules of VMBus and its drivers, in this order. Throws RangeError for a name that none has. */
  rmmod(...modules: readonly string[]): void;

  /** Loads them, and what they need. */
  modprobe(...modules: readonly string[]): void;

  /** A socket of the guest connects to a port of the host. @returns the relid of the connection's channel. */
  connect(port: number): Relid;

  /** Changes the number of channels of a network device (ethtool -L). `relid` is that of its primary channel. */
  setChannels(relid: Relid, count: number): void;

  /** Changes which channels of a network device its frames come by (ethtool -X). */
  setIndirection(relid: Relid, choice: IndirectionChoice): void;

  /** The interface of a network device goes up or down. */
  setInterface(relid: Relid, up: boolean): void;

  /** A program does something with the /dev/uio of a device that uio_hv_generic has. */
  useUio(relid: Relid, deed: UioDeed): void;

  /** Whole text of a file of the guest's /proc, /sys or /dev. */
  readFile(path: string): string;

  /** One write() to a file of the guest's /proc, /sys or /dev. */
  writeFile(path: string, text: string): void;

  /** What becomes of signals; undefined if nobody counts it. */
  readonly stats?: SignalStats | undefined;

  /** A step of the timeline begins, for the guest's trace. */
  traceStep?(line: number, action: string): void;

  /** How often an interrupt was counted on a CPU, or on all; undefined if there is no such interrupt or CPU. */
  irqCount(irq: Irq, cpu?: CpuId): number | undefined;
}

/** Whom disabling an interrupt waits for: handlers and threads, hard handlers only, nobody. */
export type DisableWait = 'all' | 'hardirq' | 'nosync';

/** What drivers and devices outside VMBus do. All of it throws RangeError for a line that is not there. */
export interface ScenarioLines {
  /** A driver requests a line. */
  request(irq: Irq, request: LineRequestOptions): void;

  /** A driver frees its line: its first action, or the one of this name. Throws RangeError if there is none, too. */
  release(irq: Irq, name?: string): void;

  enable(irq: Irq): void;

  disable(irq: Irq, wait: DisableWait): void;

  /** Waits until the line's handlers and threads have run. */
  synchronize(irq: Irq): void;

  /** Lets a line wake the machine, or not any more. */
  setWake(irq: Irq, on: boolean): void;

  /** A line comes with its devices, and their drivers request it. Throws RangeError if its number is taken. */
  plug(interrupt: InterruptOptions): void;

  /** A line's devices are taken away. */
  unplug(irq: Irq): void;

  /** A PCI function comes, and its driver takes it into service. Throws RangeError if it has no place. */
  plugPci(device: PciDeviceOptions): void;

  /** A PCI function is taken away, by its device's name or its address. */
  unplugPci(device: string): void;

  /** Changes the number of queues of a PCI network adapter (ethtool -L). */
  setQueues(device: string, count: number): void;
}

/** The host: its counts, and what it can be made to do that it must not. That throws RangeError for what it cannot do. */
export interface ScenarioHost {
  /** The timer stimer0 of a CPU expires, by messages of a host without direct mode. */
  timerExpired(cpu: CpuId, times: number): void;

  /** How often it has done what these count, or the guest has. */
  readonly totals: Readonly<Record<HostTotalName, number>>;

  /** From now on the host misbehaves as the rule says, too. */
  misbehave(rule: MisbehaveRule): void;

  /** The host behaves again. */
  behave(): void;

  /** Sends a control message, whether it makes sense or not. */
  send(message: Uint8Array): void;

  /** Sets the event flag of a relid on a CPU and interrupts that CPU. */
  raise(relid: Relid, cpu: CpuId): void;

  /** The host takes nothing out of a channel's ring from the guest any more, or does so again. */
  drain(relid: Relid, on: boolean): void;

  /** Overwrites 32 bits of the header of an open channel's ring, or of its data. */
  poke(relid: Relid, ring: RingName, place: RingPlace | number, value: number): void;
}

/** What a workload needs of a guest. */
export type WorkloadGuest = Pick<
  ScenarioGuest,
  'now' | 'at' | 'signal' | 'signalled' | 'raise' | 'raised' | 'submitIo' | 'frame'
>;
