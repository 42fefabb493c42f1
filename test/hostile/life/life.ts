import { Guest } from '../../../src/guest/guest.js';
import { AssertionError } from '../../../src/lib/assert.js';
import { HungError } from '../../../src/machine/hung.js';
import { INVALID_RELID } from '../../../src/vmbus/relid-map.js';
import { brokenAtRest, brokenInvariants } from '../../../src/vmbus/validate.js';
import { foreignError } from '../foreign.js';
import type { Watch } from '../trial.js';
import { type LifeOptions, lifeOptions } from './options.js';
import { StatWatch } from './stat.js';

/** A whole guest that lives through what its users and its host do, and what has to hold of it meanwhile. */
export class Life {
  readonly guest: Guest;
  readonly isHostile: boolean;
  /** The host has done nothing against the protocol yet. */
  isHonest = true;
  /** A kernel runs, awake and with its host. */
  isAwake = true;
  /** A CPU without synic pages has been online: its events are not seen, or stop the kernel. */
  private isBlind = false;
  private readonly isSound: boolean;
  private hangs = false;
  /** The design has broken its own rules, with a context in the midst of something: nothing more is to be learned. */
  private isOver = false;
  private readonly stat = new StatWatch();

  /** @throws RangeError or TypeError for a setup that makes no guest. */
  constructor(
    setup: number,
    private readonly watch: Watch,
  ) {
    const options: LifeOptions = lifeOptions(setup);
    this.isHostile = options.isHostile;
    this.isSound = options.isSound;
    this.guest = Guest.create(options.guest);
    this.hangs = this.guest.bootHang !== undefined;
    watch.reached(`kernel ${options.guest.kernel} ${options.guest.arch}`);
    watch.reached(options.isHostile ? 'hostile host' : 'honest host');
    watch.reached(options.isSound ? 'sound design' : 'any design');
  }

  /** Does something that may be refused. @returns what went wrong. */
  perform(name: string, act: (life: Life) => void): string | undefined {
    if (this.isOver) return undefined;
    const kernels = this.guest.earlierLogs.length;
    try {
      act(this);
      this.watch.reached(name);
    } catch (error) {
      if (error instanceof HungError) this.hangs = true;
      // Of designs that are not sound nothing is promised but that they do not crash irqlab.
      if (!this.isSound && error instanceof AssertionError) {
        this.isOver = true;
        return undefined;
      }
      const foreign = foreignError(error);
      if (foreign !== undefined) return foreign;
    }
    if (this.guest.earlierLogs.length !== kernels) {
      this.hangs = this.guest.bootHang !== undefined;
      this.isAwake = true;
      this.isBlind = false;
      this.stat.forget();
    }
    const { machine, vmbus } = this.guest;
    if (machine.halted) this.isAwake = false;
    if (vmbus.contexts.some(({ cpu, hasPages }) => cpu.online && !hasPages)) {
      this.isBlind = true;
      this.watch.reached('a CPU without synic pages');
    }
    return this.broken();
  }

  /** The host takes all back. @returns what is left, and what had been lost. */
  end(): string | undefined {
    const { guest } = this;
    const ended = this.perform('the end', () => {
      // Each of these gives guest and host a minute to come to rest.
      guest.host.behave();
      for (const { relid } of guest.host.hyperv.allChannels()) {
        this.watch.step();
        guest.host.drain(relid, true);
      }
      this.watch.step();
      guest.run({ seconds: 1 });
    });
    if (ended !== undefined || !this.isWell) return ended;
    const unaccounted = this.unaccounted();
    if (unaccounted !== undefined) return unaccounted;
    this.watch.step();
    const rescinded = this.perform('all rescinded', () => {
      for (const { relid, isPrimary, state } of [...guest.host.hyperv.allChannels()])
        if (isPrimary && state.kind !== 'rescinded') guest.host.rescind(relid);
      guest.run({ seconds: 10 });
    });
    if (rescinded !== undefined || !this.isWell) return rescinded;
    const { connection } = guest.vmbus;
    // What the host took back while the guest slept stays after the resume, in Linux, too: nothing rescinds it any more.
    const left = [...connection.channels()]
      .filter(({ relid }) => relid !== INVALID_RELID)
      .map(({ relid, state }) => `channel ${relid} is left ${state.kind}`);
    if (connection.memory.blocksInUse > 0)
      left.push(`${connection.memory.blocksInUse} blocks of memory are left`);
    // Threads of lines sleep until there is something to do, and may.
    for (const { task, waitsFor } of guest.machine.waiting())
      left.push(`${task} still waits for ${waitsFor}`);
    this.watch.reached('an end with nothing left');
    return left.length === 0 ? undefined : left.join('; ');
  }

  /** What a second life of the same setup and actions must show, too. */
  digest(): string {
    return [this.guest.procInterrupts(), ...this.guest.log.map(({ ns, text }) => `${ns} ${text}`)].join('\n');
  }

  /** Nothing hangs, no host has lied, and the design promises something. */
  private get isWell(): boolean {
    return (
      this.isSound &&
      this.isHonest &&
      this.isAwake &&
      !this.isBlind &&
      !this.hangs &&
      this.guest.hangs().length === 0
    );
  }

  private broken(): string | undefined {
    const { guest, isWell } = this;
    const broken = isWell ? brokenAtRest(guest.vmbus) : this.isSound ? brokenInvariants(guest.vmbus) : [];
    if (isWell) {
      for (const { relid, targetCpu } of guest.vmbus.connection.channels())
        if (!guest.machine.online.has(targetCpu))
          broken.push(`channel ${relid} is on CPU ${targetCpu}, offline`);
      for (const { relid, lost } of guest.host.hyperv.allChannels())
        if (lost > 0) broken.push(`${lost} events of channel ${relid} were lost`);
    }
    broken.push(...this.stat.broken(guest));
    return broken.length === 0 ? undefined : broken.join('; ');
  }

  /** Events that no count has. */
  private unaccounted(): string | undefined {
    const { guest } = this;
    for (const { relid, state, signalled, coalesced } of guest.host.hyperv.allChannels()) {
      const irq = guest.vmbus.connection.relids.relid2channel(relid)?.irq ?? 0;
      if (state.kind !== 'open' || irq === 0 || guest.earlierLogs.length > 0) continue;
      const counted = guest.irqCount(irq) ?? 0;
      if (signalled !== counted + coalesced)
        return `channel ${relid}: ${signalled} events signalled, ${counted} counted, ${coalesced} coalesced`;
    }
    return undefined;
  }
}
