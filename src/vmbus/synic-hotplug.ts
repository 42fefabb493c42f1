import { nextBit } from '../lib/bitmap.js';
import type { CpuId } from '../lib/brand.js';
import { ErrnoError, errnoCode } from '../lib/errno.js';
import { sleep } from '../machine/completion.js';
import type { Cpu } from '../machine/cpu.js';
import { cpuhpPlace } from '../machine/hotplug.js';
import type { HotplugState } from '../machine/hotplug-state.js';
import type { Procedure } from '../machine/step.js';
import type { PerCpuLine } from '../platform/platform.js';
import type { VmbusChannel } from './channel/channel.js';
import type { VmbusConnection } from './connection/connection.js';
import { VMBUS_CONNECT_CPU } from './channel/placement.js';
import { threadDies } from './null-pages.js';
import { VERSION_WIN10_V4_1 } from './protocol/channel-messages.js';
import { HV_EVENT_FLAGS_COUNT, type HvPerCpuContext } from './synic.js';

const MS = 1_000_000;
/** How often, and for how long each time, a CPU that goes offline waits for its events to be handled (HV_MAX_TRIES). */
const EVENT_TRIES = 3;
const EVENT_SLEEP_NS = 10 * MS;

/** Switches the synics of CPUs that come and go (drivers/hv/hv.c hv_synic_init, hv_synic_cleanup; RFC patches 11, 12). */
export class SynicHotplug implements HotplugState {
  readonly name = 'hyperv/vmbus:online';
  readonly place = cpuhpPlace.onlineDyn;
  readonly functions = { startup: 'hv_synic_init', teardown: 'hv_synic_cleanup' };

  constructor(
    private readonly connection: VmbusConnection,
    private readonly contexts: readonly HvPerCpuContext[],
    private readonly line: PerCpuLine,
    /** A CPU without synic pages may be interrupted from now on, and this kernel does not look whether it has any. */
    private readonly expectNullPages: () => Procedure<void> = function* () {},
  ) {}

  /** Switches the synic on before the CPU may become the target of channels (hv_synic_init). */
  *startup(cpu: Cpu): Procedure<void> {
    const { connection } = this;
    const context = this.contexts[cpu.id];
    if (!context.hasPages && !connection.behaviour.checksSynicPages) yield* this.expectNullPages();
    this.line.enable(cpu);
    connection.host.enableSynic(cpu.id, context.pages);
    yield* connection.guard.open(cpu.id);
    connection.synicOnline.set(cpu.id);
  }

  /**
   * hv_synic_cleanup. ChannelMover.moveSteps shows the race with an affinity change that this wins.
   *
   * @throws ErrnoError EBUSY while connected: for the connect CPU, for a CPU that a channel interrupts and that the design
   *   does not move, and for one with events that nobody handles; what moving a channel fails with.
   */
  *teardown(cpu: Cpu): Procedure<void> {
    const { connection } = this;
    const { id } = cpu;
    if (connection.state.kind === 'connected') {
      if (id === VMBUS_CONNECT_CPU) {
        throw new ErrnoError(
          'EBUSY',
          `CPU ${id} is the VMBus connect CPU; it stays online while VMBus is connected`,
        );
      }
      yield* this.closeToChannels(id);
      if (connection.version >= VERSION_WIN10_V4_1) {
        yield* connection.modifyChannel.beforeOffline(id);
        if (yield* this.eventPending(id)) {
          connection.modifyChannel.eventsPending(id);
          yield* connection.guard.open(id);
          throw new ErrnoError('EBUSY', `CPU ${id} has VMBus events that it does not handle; try again`);
        }
      }
    }
    connection.synicOnline.clear(id);
    connection.host.disableSynic(id);
    this.line.disable(cpu);
  }

  /**
   * Keeps new channels away from the CPU, and has those that are there moved, as far as the design does.
   *
   * @throws ErrnoError if some stay.
   */
  private *closeToChannels(cpu: CpuId): Procedure<void> {
    const { connection } = this;
    yield* connection.channelMutex.lock();
    yield* connection.guard.lock();
    yield* connection.guard.close(cpu);
    const channels = yield* connection.channelsOn(cpu);
    yield* connection.guard.unlock();
    const ret = yield* connection.offlinePolicy.leave(cpu, channels);
    const text = inWords(channels.filter(({ targetCpu }) => targetCpu === cpu));
    yield* connection.channelMutex.unlock();
    if (ret === 0) return;
    yield* connection.guard.open(cpu);
    throw new ErrnoError(errnoCode(ret), `CPU ${cpu} is the target of ${text} first`);
  }

  /** hv_synic_event_pending: true if events stay unhandled however long one waits. */
  private *eventPending(cpu: CpuId): Procedure<boolean> {
    const { eventFlags, flagsWord, hasPages } = this.contexts[cpu];
    if (!hasPages) {
      const { behaviour, machine } = this.connection;
      if (!behaviour.checksSynicPages) yield* threadDies(machine.log, cpu);
      return false;
    }
    for (let tries = 0; ; tries++) {
      yield flagsWord.read;
      const relid = nextBit(eventFlags, 1);
      if (relid < 0 || relid >= HV_EVENT_FLAGS_COUNT) return false;
      if (tries >= EVENT_TRIES) return true;
      yield* sleep(EVENT_SLEEP_NS);
    }
  }
}

/** The channels that must go, and what to do with them. */
function inWords(channels: readonly VmbusChannel[]): string {
  const names = channels.map(({ relid, irq, irqName }) =>
    irq === 0 ? `${relid} (${irqName})` : `${relid} (IRQ ${irq}, ${irqName})`,
  );
  return names.length === 1 ? `channel ${names[0]}; move it` : `channels ${names.join(', ')}; move them`;
}
