import {
  type ControlAnswer,
  dmesgText,
  ErrnoError,
  Guest,
  GuestCommands,
  LiveGuest,
  parseScenario,
} from 'irqlab/browser';
import { problemsOf } from './editor.js';
import type { Plugged } from './plugged.js';
import type { Done, GuestState, Listed, Loaded, Look, Read, Seen, WorkloadNow } from './protocol.js';
import { TraceOfGuest } from './guest-trace.js';
import { PictureKeeper } from './picture-keeper.js';
import { toText } from './text.js';

/** The guest catches up with the real time so often, in ms: at least once for each picture that the page shows. */
const TICK_MS = 4;
/** And lets the page look at it after so many ms: in time for the next picture. */
const MOST_BUSY_MS = 6;

interface Running {
  readonly guest: Guest;
  readonly live: LiveGuest;
  readonly commands: GuestCommands;
  readonly picture: PictureKeeper;
  readonly trace: TraceOfGuest;
}

/** The guest that the page shows: its time, its files, and what is done to it. One guest after another. */
export class GuestSession {
  private running: Running | undefined;
  private guests = 0;

  /** @param onFailure takes a sentence for each step of a timeline that does not turn out as expected. */
  constructor(
    private readonly onFailure: (message: string) => void,
    private readonly plugged: Plugged,
  ) {
    setInterval(() => this.running?.live.catchUp(), TICK_MS);
  }

  /** Boots the guest of a scenario; its time stands still. What is wrong with it leaves the present guest in place. */
  load(name: string, text: string): Loaded {
    try {
      const { modules, language } = this.plugged;
      const scenario = parseScenario(text, name, language);
      const guest = Guest.create(scenario.guest, { modules });
      const live = new LiveGuest(guest, scenario, {
        speed: 0,
        nowMs: () => performance.now(),
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        onFailure: this.onFailure,
        mostBusyMs: MOST_BUSY_MS,
      });
      this.running?.live.halt();
      this.running = {
        guest,
        live,
        commands: new GuestCommands(guest, live, language),
        picture: new PictureKeeper(guest),
        trace: new TraceOfGuest(guest),
      };
      this.guests += 1;
      return { ok: true, description: scenario.description };
    } catch (error) {
      return { ok: false, problems: problemsOf(error) };
    }
  }

  async command(text: string): Promise<Done> {
    const { live, commands, picture } = this.present();
    live.catchUp();
    const atNs = live.elapsedNs;
    const answer = textual(await commands.answer(text));
    picture.refresh();
    return { atNs, answer };
  }

  setSpeed(speed: number): undefined {
    this.present().live.speed = speed;
  }

  async advance(to: 'next' | number): Promise<undefined> {
    const { live } = this.present();
    const targetNs = to === 'next' ? live.nextNs : to;
    if (targetNs !== undefined) await live.run(Math.max(0, targetNs - live.elapsedNs));
  }

  halt(): undefined {
    this.present().live.halt();
  }

  look({ logFrom, files, picture: part, workload }: Look): Seen {
    const { guest, live, picture } = this.present();
    return {
      state: this.state(guest, live),
      ...(logFrom !== undefined && { log: guest.log.slice(logFrom).map((line) => dmesgText([line])) }),
      ...(part !== undefined && { picture: picture.seen(part) }),
      ...(workload !== undefined && { workload: live.tallies as readonly WorkloadNow[] }),
      ...(files !== undefined && { files: Object.fromEntries(files.map((path) => [path, this.read(path)])) }),
    };
  }

  list(path: string): Listed {
    const { fs } = this.present().guest;
    return refusable(() => {
      const entries = fs.entries(path).map(({ name, mode }) => {
        const isLink = (mode & 0o170000) === 0o120000;
        return isLink ? { name, mode, target: fs.readlink(`${path}/${name}`) } : { name, mode };
      });
      return { ok: true, entries };
    });
  }

  read(path: string): Read {
    const { fs } = this.present().guest;
    return refusable(() => ({ ok: true, text: toText(fs.readFile(path)), mode: fs.stat(path).mode }));
  }

  private state(guest: Guest, live: LiveGuest): GuestState {
    return {
      guest: this.guests,
      ns: live.elapsedNs,
      speed: live.speed,
      behindNs: live.behindNs,
      nextNs: live.nextNs,
      isBusy: live.isBusy,
      logLines: guest.log.length,
    };
  }

  /** Its trace. */
  get trace(): TraceOfGuest {
    return this.present().trace;
  }

  private present(): Running {
    if (this.running === undefined) throw new Error('there is no guest yet: load a scenario first');
    return this.running;
  }
}

function textual(answer: ControlAnswer): ControlAnswer {
  return answer.ok && typeof answer.result === 'string'
    ? { ok: true, result: toText(answer.result) }
    : answer;
}

function refusable<T>(
  work: () => T,
): T | { readonly ok: false; readonly code: string; readonly message: string } {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return { ok: false, code: error.code, message: error.message.slice(error.code.length + 2) };
  }
}
