import { formatDuration } from '../../scenario/duration.js';
import { perform } from '../../scenario/steps.js';
import type { Guest } from '../../guest/guest.js';
import { CommandError, type ControlCommand, type ControlStep, parseCommand } from './schema.js';
import type { LiveGuest } from '../live-guest.js';

/** What came of a command, for whoever gave it. */
export type ControlAnswer =
  | { readonly ok: true; readonly result?: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What can be done with a running guest from outside. */
export class ControlCommands {
  constructor(
    private readonly guest: Guest,
    private readonly live: LiveGuest,
  ) {}

  /** Does the command of a line, which control-schema.ts describes. */
  answer(line: string): ControlAnswer {
    try {
      const parsed = parseCommand(line);
      this.live.catchUp();
      const answer = 'step' in parsed ? this.doStep(parsed.step) : this.doCommand(parsed.command);
      // What the command began in the guest goes as far as it can without time.
      this.guest.run({ ns: 0 });
      return answer;
    } catch (error) {
      if (error instanceof CommandError) return { ok: false, code: 'usage', message: error.message };
      throw error;
    }
  }

  private doStep({ planned }: ControlStep): ControlAnswer {
    const answer = perform(this.guest, planned);
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

  private doCommand({ run, speed, workload, stop, latency }: ControlCommand): ControlAnswer {
    const { live } = this;
    if (run !== undefined) live.run(run);
    else if (speed !== undefined) live.speed = speed;
    else if (workload !== undefined) live.startWorkload(workload);
    else if (stop !== undefined) return { ok: true, result: { stopped: live.stopWorkload(stop) } };
    else if (latency !== undefined) {
      const { message: messageNs, open: openNs, gpadl: gpadlNs, modifyChannel: modifyChannelNs } = latency;
      this.guest.host.hyperv.setLatency({ messageNs, openNs, gpadlNs, modifyChannelNs });
    } else return { ok: true, result: this.status() };
    return { ok: true };
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
