import { ErrnoError } from '../../src/lib/errno.js';
import type { Task } from '../../src/machine/task.js';
import type { Procedure } from '../../src/machine/step.js';
import type { HostChannel } from '../../src/host/device.js';
import type { Relid } from '../../src/lib/brand.js';
import { deviceOf, type VmbusDevice } from '../../src/vmbus/driver.js';
import { INVALID_RELID, MAX_CHANNEL_RELIDS } from '../../src/vmbus/relid-map.js';
import {
  type ChannelMessage,
  CHANNELMSG,
  decodeMessage,
  encodeMessage,
  versionWire,
} from '../../src/vmbus/protocol/channel-messages.js';
import { brokenAtRest, brokenInvariants } from '../../src/vmbus/validate.js';
import { designChoices, type VmbusDesign } from '../../src/vmbus/variants/design.js';
import { device, instanceOf, TestGuest, type TestGuestOptions } from '../support/guest.js';
import { hostMessage, lastAnswer, relids } from './messages.js';
import { atOnce } from '../../src/machine/turns.js';

const MS = 1_000_000;
export const CPUS = 4;
/** CPUs beyond those that boot finds, which may be plugged in. */
export const SPARE_CPUS = 1;
/** Far more than any of the guest's contexts needs for what one action causes. */
const STEP_LIMIT = 200_000;
/** For how long it may take so many, in ms, where nothing happens to it. */
const LOOK_MS = 20_000;
const versions = ['5.3', '5.3', '5.2', '4.1', '4.0', '2.4'];
const kernels = ['6.1', '6.12', '6.18', '7.2'] as const;
export const devices = [
  device('nic', 1, { subChannelRelids: [9, 10, 11] }),
  device('scsi', 2, { subChannelRelids: [50, 51] }),
  device('heartbeat', 3),
  device('balloon', 4),
  device('pci', 5),
];

/** The default, or another design that is meant to be right. */
function designOf(n: number): Partial<VmbusDesign> {
  return {
    relidMap: (['irqdomain', 'irqdomain', 'array', 'percpu-list'] as const)[n % 4],
    lifetime: (['rescind-ref', 'rescind-ref', 'get-put-completed'] as const)[(n >>> 2) % 3],
    modifyChannel: designChoices.modifyChannel[(n >>> 4) % 4],
  };
}

/** A small guest and its host, which does everything that a host can do. */
export class Victim {
  /** The kernel that runs now. */
  guest: TestGuest;
  private readonly options: TestGuestOptions;
  /** What the guest has asked the host for. */
  private readonly asked: ChannelMessage[] = [];
  /** Messages that the host has sent, to be sent again in part. */
  private readonly sent: Uint8Array[] = [];
  private steps = 0;
  /** The contexts of its machine that have not ended. */
  private tasks: readonly Task[] = [];
  private hibernating = false;
  /** Users who are changing modules. */
  private changes = 0;
  private boots = 0;

  constructor(setup: number) {
    this.options = {
      present: CPUS,
      possible: CPUS + SPARE_CPUS,
      isolation: (setup & 1) !== 0,
      design: designOf(setup >>> 9),
      kernel: kernels[(setup >>> 20) % kernels.length],
    };
    this.guest = new TestGuest({
      ...this.options,
      devices,
      host: {
        version: versionWire(versions[(setup >>> 1) % versions.length]),
        seed: setup,
        pendingSendSz: (setup >>> 24) % 4 !== 0,
        ...((setup >>> 28) % 4 === 0 && { messageBuffers: 1 + ((setup >>> 30) % 4) }),
        ...((setup >>> 26) % 4 === 0 && { throttle: { signals: 20, withinNs: MS, suspendNs: 10 * MS } }),
      },
    });
    this.watchHost();
    this.watchMachine();
    this.guest.machine.spawn('boot', this.guest.vmbus.init());
    // Every other guest has come up before its host turns against it.
    if ((setup & 0x100) !== 0) this.guest.machine.elapse(100 * MS);
  }

  /** Does something to the guest, and lets it come to rest. */
  perform(act: () => void): void {
    this.steps = 0;
    act();
    this.guest.machine.settle();
    this.survive();
  }

  /** An interrupt of a CPU without synic pages is some kernels' end: another one boots. */
  private survive(): void {
    if (!this.guest.machine.halted) return;
    this.panic();
    this.guest.machine.settle();
  }

  /** A user unloads or loads modules, one after the other; who sleeps does neither. */
  changeModules(command: 'rmmod' | 'modprobe', names: readonly string[]): void {
    const { modules } = this.guest.vmbus;
    if (this.hibernating) return;
    const all = function* (): Procedure<void> {
      for (const name of names)
        yield* mayFail(command === 'rmmod' ? modules.remove(name) : modules.load(name));
    };
    this.start(command, this.busy(all()));
  }

  /** Processes that wait in the kernel keep it from hibernating. */
  private *busy(work: Procedure<void>): Procedure<void> {
    this.changes += 1;
    try {
      yield* work;
    } finally {
      this.changes -= 1;
    }
  }

  /** The kernel panics, and leaves the host as well as it can; a crash kernel boots. */
  panic(): void {
    const { machine, vmbus } = this.guest;
    if (!machine.halted) machine.halt();
    atOnce(machine.runHalted(vmbus.panic()));
    this.reboot();
  }

  /** A kernel leaves the host, and another one boots in its place. */
  *kexec(): Procedure<void> {
    const { guest } = this;
    yield* guest.vmbus.kexec();
    if (guest === this.guest) this.reboot();
  }

  private reboot(): void {
    const { machine, vmbus, host } = this.guest;
    machine.halt();
    vmbus.connection.cutOff();
    this.asked.length = 0;
    this.hibernating = false;
    this.changes = 0;
    this.guest = new TestGuest({ ...this.options, running: host, clock: machine.clock });
    this.watchMachine();
    this.guest.machine.spawn('boot', this.guest.vmbus.init());
    this.boots += 1;
  }

  /** What has been reached: kinds of refusals, and of states that channels are in. */
  witnesses(): string[] {
    const { vmbus, connection } = this.guest;
    const states = [...connection.channels()].map(
      ({ deviceClass, state, primary }) =>
        `${primary === undefined ? '' : 'sub-channel of '}${deviceClass.name} ${state.kind}`,
    );
    const { contexts } = vmbus;
    return [
      ...vmbus.refused().keys(),
      ...states,
      ...(this.boots > 0 ? ['another kernel'] : []),
      ...(contexts.some(({ cpu, hasPages }) => cpu.online && !hasPages) ? ['a CPU without synic pages'] : []),
    ];
  }

  /** Sentences about what does not hold; nothing if all is well. */
  broken(): string[] {
    return brokenInvariants(this.guest.vmbus);
  }

  /** The device behind the channel with this relid, if there is one. */
  deviceOn(relid: Relid): VmbusDevice | undefined {
    const channel = this.guest.connection.relids.relid2channel(relid);
    return channel && deviceOf(channel);
  }

  /**
   * Has the host behave, answer all that the guest still waits for, and take all channels back: the guest must come to
   * rest with nothing left. @returns what does not hold then.
   */
  end(): string[] {
    const { host } = this.guest;
    // A message that no connection takes is tried for three minutes, and a removed device has several to send.
    const patience = this.namedNoConnection() ? 30 : 1;
    host.faults.stop();
    for (const { relid } of host.allChannels()) host.drain(relid, true);
    // A kernel that has just been started comes up, now that its host behaves.
    if (this.boots > 0) this.guest.machine.elapse(100 * MS);
    for (let round = 0; round < 30; round++) {
      const { machine } = this.guest;
      this.steps = 0;
      this.offerAgain();
      const mapped = this.mappedRelids();
      // What the host has delayed is still to come.
      if (mapped.length === 0 && machine.liveTasks === 0 && !host.isBusy) break;
      for (const childRelid of mapped) this.post({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid });
      for (const message of this.asked.splice(0)) {
        const answer = lastAnswer(message);
        if (answer !== undefined) this.post(answer);
      }
      this.wait(round < 20 ? 20 : 20_000 * patience);
    }
    if (this.neverWakes()) return brokenInvariants(this.guest.vmbus);
    this.wait(400_000 * patience);
    const { guest } = this;
    const { connection, machine } = guest;
    const broken = brokenAtRest(guest.vmbus);
    if (machine.liveTasks !== 0) broken.push(`${machine.liveTasks} contexts wait for ever`);
    if (connection.primaries.length !== 0) broken.push(`${connection.primaries.length} channels are left`);
    if (guest.memory.blocksInUse !== 0) broken.push(`${guest.memory.blocksInUse} blocks of memory are left`);
    if (this.mappedRelids().length !== 0) broken.push('IRQs are left');
    return broken;
  }

  /** Lets time go by. A suspend looks each ms whether offers are dealt with, for as long as that takes. */
  private wait(ms: number): void {
    for (let left = ms; left > 0; left -= LOOK_MS) {
      this.steps = 0;
      this.guest.machine.elapse(Math.min(left, LOOK_MS) * MS);
      this.survive();
    }
  }

  /** True if the guest still takes an honest device, once its host has sent all that it has held back. */
  takesHonestDevice(): boolean {
    const { guest } = this;
    if (guest.connection.state.kind !== 'connected' || this.neverWakes() || this.namedNoConnection())
      return true;
    if (!guest.vmbus.modules.isLoaded('hv_utils')) return true;
    guest.host.offer(device('heartbeat', 300, { instanceId: instanceOf(300) }));
    guest.machine.elapse(10 * MS);
    if (guest.machine.halted) return true;
    const channel = guest.connection.relids.relid2channel(300);
    return channel?.state.kind === 'opened';
  }

  /** True if the host told the guest to post its messages where it takes none: nothing of the guest reaches it. */
  private namedNoConnection(): boolean {
    return ![1, 4].includes(this.guest.connection.messageConnection);
  }

  post(message: ChannelMessage): void {
    this.guest.host.postRaw(encodeMessage(message));
    this.guest.machine.settle();
  }

  /** The host's channel behind a relid of the pool, if it has one. */
  hostChannel(n: number): HostChannel | undefined {
    return this.guest.host.channel(relids[n % relids.length]);
  }

  /** One of the messages that the host has sent so far. */
  earlier(n: number): Uint8Array {
    return this.sent.length === 0 ? hostMessage(n, 0, 0) : this.sent[n % this.sent.length];
  }

  /** Has the guest do something that may fail, but with an errno only. */
  start(name: string, proc: Procedure<unknown>): void {
    this.guest.machine.spawn(name, mayFail(proc));
  }

  /** Relids of all channels; sub-channels outlive their device until the host takes them back, too. */
  private mappedRelids(): number[] {
    const mapped: number[] = [];
    // A sub-channel that the host has not taken back when the module goes is left behind, with its line, in Linux too.
    if (!this.guest.vmbus.isLoaded) return mapped;
    for (let relid = 1; relid < MAX_CHANNEL_RELIDS; relid++)
      if (this.guest.connection.relids.isMapped(relid)) mapped.push(relid);
    return mapped;
  }

  /** Hibernates and wakes up again, unless that is being done. */
  *hibernate(): Procedure<void> {
    if (this.hibernating || this.changes > 0) return;
    this.hibernating = true;
    try {
      yield* this.guest.vmbus.power.suspend();
      yield* this.guest.vmbus.power.resume();
    } finally {
      this.hibernating = false;
    }
  }

  /** After a resume devices wait to be offered again. */
  private offerAgain(): void {
    let childRelid = 1000;
    for (const { relid, offer } of [...this.guest.connection.primaries])
      if (relid === INVALID_RELID) this.post({ ...offer, childRelid: childRelid++ });
  }

  /**
   * True if the guest is as good as dead, and Linux would be: it waits, while it suspends, for sub-channels that the
   * host does not rescind and then does not hear of, or the host refused it when it resumed, or a driver waits for what
   * its host has lost, or a CPU without synic pages went down, or rescinds wait behind a bus that waits, or the bus went
   * under a kexec.
   */
  private neverWakes(): boolean {
    const { state, ignoresOffers } = this.guest.connection;
    return (
      ignoresOffers ||
      state.kind === 'disconnected' ||
      this.driverWaitsForEver() ||
      this.rescindsWaitForOffer() ||
      this.rescindsWaitBehindPci() ||
      this.kexecLostItsBus()
    );
  }

  /**
   * hv_kexec_handler waits for the answer to UNLOAD with no limit and keeps nobody from unloading hv_vmbus, after which no
   * CPU has pages for the answer to come to (vmbus_initiate_unload, vmbus_exit).
   */
  private kexecLostItsBus(): boolean {
    const { vmbus, machine } = this.guest;
    return !vmbus.isLoaded && machine.waiting().some(({ waitsFor }) => waitsFor === 'answer to UNLOAD');
  }

  /** An offer of encrypted memory without encrypted rings is in progress for ever, and rescinds wait for it. */
  private rescindsWaitForOffer(): boolean {
    const { machine, vmbus } = this.guest;
    return (
      vmbus.refused().has('offer-without-encrypted-ring') &&
      machine.waiting().some(({ waitsFor }) => waitsFor === 'offers in progress')
    );
  }

  /**
   * One rescind is dealt with after the other, and each waits until its channel was probed; hv_pci probes where devices are
   * found, and looks each 100 ms whether its host has answered or its channel was taken back. So if another channel that
   * comes behind is taken back before that of a silent bus, all wait for each other (hv_vmbus_rescind, hv_pri_chan).
   */
  private rescindsWaitBehindPci(): boolean {
    const { machine } = this.guest;
    const looks = this.tasks.some(
      ({ state, blockedOn }) =>
        state === 'blocked' &&
        blockedOn?.ns === 100 * MS &&
        /^(answer|bus relations) on channel/.test(blockedOn.object.name),
    );
    return looks && machine.waiting().some(({ waitsFor }) => waitsFor.startsWith('probe of channel'));
  }

  /**
   * netvsc waits with RTNL for an answer, a sub-channel or a completion, storvsc for the end of its I/Os, and no rescind
   * ends that; what else waits does so for one of these.
   */
  private driverWaitsForEver(): boolean {
    return this.guest.machine
      .waiting()
      .some(({ waitsFor }) =>
        /^(answer on channel|sub-channels of netvsc|sends of netvsc|I\/Os of storvsc|requests of the disk|the end of cpuhp)/.test(
          waitsFor,
        ),
      );
  }

  private watchHost(): void {
    const { host } = this.guest;
    const postMessage = host.postMessage.bind(host);
    host.postMessage = (bytes, connection) => {
      const message = decodeMessage(bytes);
      if (lastAnswer(message) !== undefined) this.asked.push(message);
      return postMessage(bytes, connection);
    };
    const post = host.faults.post.bind(host.faults);
    host.faults.post = (bytes) => {
      if (this.sent.length < 64) this.sent.push(bytes);
      post(bytes);
    };
  }

  private watchMachine(): void {
    const { machine } = this.guest;
    const spawn = machine.spawn.bind(machine);
    machine.spawn = (name, proc, cpu, identity) => {
      const task = spawn(name, this.counted(proc), cpu, identity);
      this.tasks = [...this.tasks.filter(({ state }) => state !== 'done'), task];
      return task;
    };
    for (const cpu of machine.cpus) {
      const schedule = cpu.taskletSchedule.bind(cpu);
      cpu.taskletSchedule = (tasklet) => {
        this.step();
        schedule(tasklet);
      };
    }
  }

  /** Each task counts when it starts and when it has to wait. */
  private *counted(proc: Procedure<unknown>): Procedure<unknown> {
    this.step();
    for (;;) {
      const next = proc.next();
      if (next.done) return next.value;
      if (next.value.object.blocks(next.value)) this.step();
      yield next.value;
    }
  }

  private step(): void {
    this.steps += 1;
    if (this.steps > STEP_LIMIT) throw new Error('the guest runs in circles');
  }
}

function* mayFail(proc: Procedure<unknown>): Procedure<void> {
  try {
    yield* proc;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}
