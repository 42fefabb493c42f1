import { ErrnoError } from '../../lib/errno.js';
import { recordedLogStyle } from '../../machine/log-style.js';
import type { Guest } from '../../guest/guest.js';
import type { KernelVersion } from '../../scenario/options/kernel.js';
import { BackgroundWrites } from './background.js';
import { type BootOp, labParametersOf, type RecordedBoot } from './boot.js';
import { treeOf } from './file-tree.js';
import { HostLog } from './host-log.js';
import { HvlabDriver } from './hvlab.js';
import { followsBefore } from './look-ahead.js';
import { parseOffer, RecordedHost } from './recorded-host.js';
import { recordedGuest } from './recorded-guest.js';

const MS = 1_000_000;
/** What an operation takes, and what starting a program for a write takes. */
const OPERATION_NS = 100_000;
const BACKGROUND_NS = 30 * MS;
/** Said by older kernels whenever CPU 1 comes; the recordings' lists leave it out. */
const SMP_HEAD = 'x86: Booting SMP configuration:';
/** Longest time that goes by before something comes that the recording has. */
const PATIENCE_MS = 5000;

/** What came of an operation in the model; undefined for one that is left out. */
export type Outcome = Readonly<Record<string, unknown>> | undefined;

/**
 * One recorded machine, done again by a guest of the product's. The recording's script slept between operations and did not
 * write it down; so time goes by when the recording shows that it did: when the host has followed, or a write has ended.
 */
export class BootReplay {
  readonly log = new HostLog();
  /** Lines of the guest's log that were not asked for yet begin here. */
  private logged = 0;
  private readonly offers: string[] = [];
  private running: { guest: Guest; host: RecordedHost; background: BackgroundWrites } | undefined;
  private driver: HvlabDriver | undefined;

  constructor(
    private readonly boot: RecordedBoot,
    private readonly kernel: KernelVersion,
  ) {}

  /** The operations in turn, each with what the model made of it. */
  *run(): Generator<{ index: number; op: BootOp; actual: Outcome }, void, void> {
    for (const [index, op] of this.boot.ops.entries()) {
      if (this.running !== undefined) this.letTimePass(op, index);
      const actual = this.perform(op);
      this.running?.guest.machine.elapse(op.op === 'wbg' ? BACKGROUND_NS : OPERATION_NS);
      yield { index, op, actual };
    }
  }

  private get guest(): Guest {
    return this.guestParts().guest;
  }

  private perform(op: BootOp): Outcome {
    switch (op.op) {
      case 'insmod':
        return this.insmod(String(op.path));
      case 'rmmod':
        return this.rmmod();
      case 'w':
        return answer(() => ({ ret: this.write(String(op.path), String(op.data)) }));
      case 'wbg':
        this.running?.background.start(() => this.write(String(op.path), String(op.data)));
        return {};
      case 'wait':
        return {
          done: this.running?.background.take(),
          left: (this.running?.background.left ?? 0) > 0 ? 1 : 0,
        };
      case 'r':
        return answer(() => ({ text: this.guest.fs.readFile(String(op.path)) }));
      case 'ls':
        return answer(() => ({ names: this.guest.fs.readdir(String(op.path)) }));
      case 'stat':
        return answer(() => ({ mode: octal(this.guest.fs.stat(String(op.path)).mode) }));
      case 'tree':
        return answer(() => ({ entries: treeOf(this.guest.fs, String(op.path)) }));
      case 'host':
        return this.hostState();
      case 'lab':
        return { channels: this.driver?.state() ?? [] };
      case 'messages':
        return { list: this.log.take() };
      case 'k':
        return this.kernelLog();
      default:
        throw new RangeError(`unknown operation ${op.op}`);
    }
  }

  private insmod(path: string): Outcome {
    const { ops, head } = this.boot;
    if (path.endsWith('/hv_vmbus.ko')) {
      const guest = recordedGuest(this.kernel, head, this.log, (host) => {
        for (const command of this.offers) host.offerChannel(parseOffer(command));
      });
      const host = new RecordedHost(guest.host, this.log);
      this.running = { guest, host, background: new BackgroundWrites(guest) };
      guest.machine.log.style = recordedLogStyle;
      this.logged = guest.log.findIndex(({ text }) => text.startsWith('hv_vmbus'));
    } else if (path.endsWith('/hvlab.ko')) {
      const { machine, vmbus } = this.guest;
      this.driver = new HvlabDriver(vmbus.operations, labParametersOf(ops));
      machine.run('insmod', vmbus.bus.registerDriver(this.driver));
    }
    return { ret: 0 };
  }

  private rmmod(): Outcome {
    const { machine, vmbus } = this.guest;
    if (this.driver !== undefined) machine.run('rmmod', vmbus.bus.unregisterDriver(this.driver));
    this.driver = undefined;
    return { ret: 0 };
  }

  /** @returns how many bytes were written. */
  private write(path: string, data: string): number {
    if (path === 'host') this.commandHost(data);
    else if (path === 'lab') this.guest.machine.run('ctl', this.lab().command(data));
    else return this.guest.fs.writeFile(path, data);
    return data.length;
  }

  private commandHost(data: string): void {
    if (this.running !== undefined) {
      this.running.host.command(data);
      return;
    }
    // Before VMBus is loaded the host is told of offers only.
    const { childRelid, subChannelIndex = 0 } = parseOffer(data);
    this.log.add(childRelid, subChannelIndex);
    this.offers.push(data);
  }

  private lab(): HvlabDriver {
    if (this.driver === undefined) throw new RangeError('the driver has not been loaded yet');
    return this.driver;
  }

  private hostState(): Outcome {
    const { counts, synics, channels, messages, version, connectVp, requested, unloaded } = this.log;
    const host = this.running?.host;
    const vps = Array.from({ length: this.boot.head.smp }, (_, vp) => ({
      vp,
      synic: synics[vp] ? 1 : 0,
      interrupts: (host?.interruptsOf(vp) ?? 0) + (vp === connectVp ? messages : 0),
    }));
    const state = { counts: { ...counts }, vps, channels: [...channels.values()].map((one) => ({ ...one })) };
    return { ...state, version, connect_vp: connectVp, requested, unloaded };
  }

  private kernelLog(): Outcome {
    const lines = this.guest.log.slice(this.logged).map(({ text }) => text);
    this.logged = this.guest.log.length;
    const isCpu = (text: string) => text.startsWith('smpboot: ');
    return { log: lines.filter((text) => !isCpu(text) && text !== SMP_HEAD), cpu: lines.filter(isCpu) };
  }

  /** Lets happen what the recording shows to have happened. */
  private letTimePass(op: BootOp, index: number): void {
    const { guest, background } = this.guestParts();
    const { log } = this;
    const until = (happened: () => boolean): void => {
      for (let ms = 0; ms < PATIENCE_MS && !happened(); ms++) guest.machine.elapse(MS);
    };
    if (op.op === 'wait') {
      const done = Array.isArray(op.done) ? op.done.length : 0;
      until(() => background.done >= done && (op.left !== 0 || background.left === 0));
      return;
    }
    const wanted = followsBefore(this.boot.ops, index, log);
    if (wanted !== undefined && log.pending.length > 0) until(() => log.pending.length === 0 || wanted());
  }

  private guestParts(): { guest: Guest; background: BackgroundWrites } {
    if (this.running === undefined) throw new RangeError('VMBus has not been loaded yet');
    return this.running;
  }
}

function answer(perform: () => Outcome): Outcome {
  try {
    return perform();
  } catch (error) {
    if (error instanceof ErrnoError) return { err: error.code };
    throw error;
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(7, '0');
}
