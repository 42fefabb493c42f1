import { IrqCore } from '../../../src/irq/core.js';
import { setBit } from '../../../src/lib/bitmap.js';
import type { CpuId, Relid } from '../../../src/lib/brand.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { Completion } from '../../../src/machine/completion.js';
import { Machine } from '../../../src/machine/machine.js';
import { type Proc, runAtomic } from '../../../src/machine/step.js';
import type { Interrupt, World } from '../../../src/explore/model.js';
import { GSI_TOP } from '../../../src/platform/x86.js';
import type { PerCpuLine } from '../../../src/platform/platform.js';
import { callbackMode, VmbusChannel } from '../../../src/vmbus/channel.js';
import { vmbusOnEvent } from '../../../src/vmbus/channel-handler.js';
import { ChannelOperations } from '../../../src/vmbus/channel-open.js';
import { deviceClassId } from '../../../src/vmbus/class-ids.js';
import { VmbusConnection } from '../../../src/vmbus/connection.js';
import { GuestMemory } from '../../../src/vmbus/guest-memory.js';
import type { HostPort } from '../../../src/vmbus/host-port.js';
import { CHANNELMSG, decodeMessage, VERSION_WIN10_V5_3 } from '../../../src/vmbus/protocol.js';
import type { VmbusDesign } from '../../../src/vmbus/variants/design.js';
import type { RelidMapFactory } from '../../../src/vmbus/variants/index.js';
import { Vmbus } from '../../../src/vmbus/vmbus.js';
import { instanceOf } from '../../support/guest.js';

const noLine: PerCpuLine = { *setup() {}, enable: () => {}, disable: () => {}, raise: () => {} };

export interface LabOptions {
  readonly cpus?: number;
  readonly version?: number;
  readonly design?: Partial<VmbusDesign>;
  readonly makeRelidMap?: RelidMapFactory;
}

/**
 * A guest with one channel, open as far as its guest is concerned, and a host that only notes what it is sent: small
 * enough to be built for each execution of a race.
 */
export class RaceLab implements HostPort {
  readonly machine: Machine;
  readonly connection: VmbusConnection;
  readonly operations: ChannelOperations;
  readonly vmbus: Vmbus;
  readonly channel: VmbusChannel;
  /** CPUs whose synics the host may use. */
  readonly synics: boolean[] = [];
  /** Something has been posted. */
  readonly posted = new Completion('a message for the host');
  /** CPU that the host was last asked to interrupt. */
  modified: CpuId | undefined;
  called = 0;
  /** Events for CPUs whose synic is off. */
  lost = 0;
  private readonly interrupts: Interrupt[] = [];

  constructor(
    world: World,
    { cpus = 2, version = VERSION_WIN10_V5_3, design, makeRelidMap }: LabOptions = {},
  ) {
    this.machine = new Machine({ present: cpus });
    world.attach(this.machine);
    const irq = new IrqCore(this.machine, { dynirqLowerBound: GSI_TOP });
    this.connection = new VmbusConnection(this.machine, this, new GuestMemory(), irq, {
      design,
      makeRelidMap,
    });
    this.connection.state = { kind: 'connected', version };
    this.operations = new ChannelOperations(this.connection, irq);
    this.vmbus = new Vmbus(this.connection, this.operations, noLine, []);
    for (const cpu of this.machine.cpus) {
      this.synics.push(true);
      this.connection.synicOnline.set(cpu.id);
      const isr = () => this.vmbus.isr.handleSteps(cpu);
      this.interrupts.push(world.interrupt(cpu.id, 'vmbus_isr', isr));
    }
    this.channel = this.newChannel(5, cpus - 1);
    runAtomic(this.connection.relids.map(this.channel));
    this.connection.primaries.push(this.channel);
    runAtomic(this.open(this.channel));
  }

  newChannel(relid: Relid, targetCpu: CpuId): VmbusChannel {
    const channel = new VmbusChannel(
      this.machine,
      {
        type: CHANNELMSG.OFFERCHANNEL,
        classId: deviceClassId('kvp'),
        instanceId: instanceOf(relid),
        flags: 0,
        mmioMegabytes: 0,
        userDefined: new Uint8Array(0),
        subChannelIndex: 0,
        childRelid: relid,
        monitorId: 0xff,
        monitorAllocated: false,
        isDedicatedInterrupt: true,
        connectionId: relid,
      },
      vmbusOnEvent,
    );
    channel.targetCpu = targetCpu;
    channel.callbackMode = callbackMode.isr;
    return channel;
  }

  *open(channel: VmbusChannel): Proc<void> {
    yield* this.connection.relids.requestIrq(channel);
    channel.onChannelCallback = () => {
      this.called += 1;
    };
    // The rings do not matter here.
    channel.state = { kind: 'opened', rings: {} as never };
    channel.probeDone.completeAll();
  }

  mask(...cpus: readonly CpuId[]): CpuMask {
    return CpuMask.of(this.machine.nrCpuIds, cpus);
  }

  /** The host signals a channel on a CPU. */
  *signal(cpu: CpuId, relid: Relid = this.channel.relid): Proc<void> {
    const { eventFlags, flagsWord } = this.vmbus.contexts[cpu];
    yield flagsWord.update;
    if (!this.synics[cpu]) {
      this.lost += 1;
      return;
    }
    setBit(eventFlags, relid);
    this.interrupts[cpu].raise();
  }

  postMessage(bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    if (message.type === CHANNELMSG.MODIFYCHANNEL) this.modified = message.targetVp;
    this.posted.complete();
  }

  signalEvent(): void {}

  enableSynic(cpu: CpuId): void {
    this.vmbus.contexts[cpu].flagsWord.noted();
    this.synics[cpu] = true;
  }

  disableSynic(cpu: CpuId): void {
    this.vmbus.contexts[cpu].flagsWord.noted();
    this.synics[cpu] = false;
  }

  endOfMessage(): void {}
}
