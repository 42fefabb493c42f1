import { atOnce } from '../machine/turns.js';
import { formatDuration } from '../scenario/duration.js';
import type { ScenarioLanguage } from '../scenario/language.js';
import { latencies } from '../scenario/schema/host.js';
import { perform } from '../scenario/steps.js';
import { subjectOf, type WorkloadItem } from '../scenario/workloads/index.js';
import type { Guest } from '../guest/guest.js';
import { dmesgText } from '../view/kmsg.js';
import type { CommandTaker, ControlAnswer } from './answer.js';
import { CommandError, type ControlCommand, type ControlStep, parseCommand } from './command-schema.js';
import type { LiveGuest } from './live-guest.js';

/** Commands to a running guest from outside. */
export class GuestCommands implements CommandTaker {
  constructor(
    private readonly guest: Guest,
    private readonly live: LiveGuest,
    /** What its commands can speak of; default: without plug-ins. */
    private readonly language?: ScenarioLanguage,
  ) {}

  /** Carries out the command of one line; see command-schema.ts for its form. */
  async answer(line: string): Promise<ControlAnswer> {
    try {
      const parsed = parseCommand(line, this.language);
      this.live.catchUp();
      const answer = 'step' in parsed ? await this.doStep(parsed.step) : await this.doCommand(parsed.command);
      this.live.proceed();
      return answer;
    } catch (error) {
      if (error instanceof CommandError) return { ok: false, code: 'usage', message: error.message };
      throw error;
    }
  }

  private async doStep({ planned }: ControlStep): Promise<ControlAnswer> {
    const work = perform(this.guest, planned);
    const answer = planned.endsWithCall ? await this.live.work(work) : atOnce(work);
    switch (answer.kind) {
      case 'refused':
        return { ok: false, code: answer.code, message: answer.reason };
      case 'text':
        return { ok: true, result: answer.text };
      case 'count':
        return { ok: true, result: answer.count };
      default:
        return { ok: true };
    }
  }

  private async doCommand({
    run,
    speed,
    workload,
    stop,
    latency,
    dmesg,
  }: ControlCommand): Promise<ControlAnswer> {
    const { live } = this;
    if (run !== undefined) await live.run(run);
    else if (speed !== undefined) live.speed = speed;
    else if (workload !== undefined) this.startWorkload(workload);
    else if (stop !== undefined) return this.stopWorkload(stop);
    else if (dmesg !== undefined) return { ok: true, result: dmesgText(this.guest.log) };
    else if (latency !== undefined) {
      this.guest.host.hyperv.setLatency(latencies(latency));
    } else return { ok: true, result: this.status() };
    return { ok: true };
  }

  /** @throws CommandError, as a scenario file is refused, if nobody has what an item is about. */
  private startWorkload(items: readonly WorkloadItem[]): void {
    for (const item of items) {
      const { relid, device } = subjectOf(item);
      if (relid !== undefined && this.guest.host.hyperv.channel(relid) === undefined)
        throw new CommandError(`workload: no device has relid ${relid}`);
      const { names } = this.guest.pci;
      if (device !== undefined && !names.includes(device))
        throw new CommandError(
          `workload: there is no PCI device ${device}; known: ${names.join(', ') || 'none'}`,
        );
    }
    this.live.startWorkload(items);
  }

  private stopWorkload(subject: NonNullable<ControlCommand['stop']>): ControlAnswer {
    const stopped = this.live.stopWorkload(subject);
    if (stopped > 0) return { ok: true, result: { stopped } };
    const named = typeof subject === 'object' ? `interrupt ${subject.irq}` : subject;
    return {
      ok: false,
      code: 'not possible',
      message: `there is no workload of ${named}; status lists what there is`,
    };
  }

  private status(): object {
    const { guest, live } = this;
    return {
      time: formatDuration(live.elapsedNs),
      speed: live.speed,
      behind: formatDuration(live.behindNs),
      online: guest.readFile('/sys/devices/system/cpu/online').trim(),
      workload: live.tallies,
    };
  }
}
