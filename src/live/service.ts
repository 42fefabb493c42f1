import { defectText } from '../command/defect.js';
import { exitStatus } from '../command/exit-status.js';
import type { PluginOptions, Plugins } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import type { Guest } from '../guest/guest.js';
import { ControlSocket } from './control/server.js';
import { openFuseDevice } from './fuse/device.js';
import { FuseFilesystem } from './fuse/filesystem.js';
import { FuseSession } from './fuse/session.js';
import { GuestCommands } from '../steer/guest-commands.js';
import { GuestFiles } from './guest-files.js';
import type { LiveGuest } from '../steer/live-guest.js';
import { sleepingWrite } from '../steer/sleeping-write.js';
import { Processes } from './processes.js';
import { type OpenGuest, openGuest } from './open-guest.js';

/** The guest catches up at least this often, in ms, so that no work piles up while nobody reads its files. */
const TICK_MS = 20;

/** Defects that are reported: the same one may show up at every request. */
const MOST_SHOWN = 5;

export interface LiveOptions extends PluginOptions {
  /** Seconds of the guest's time in a second of real time; 0: it stands still. */
  readonly speed: number;
  /** Path of the Unix socket to steer the guest by; default: none. */
  readonly socket?: string;
}

/** A guest in operation: FUSE serves its files, its time passes, its control socket takes commands. */
export class LiveService {
  readonly guest: Guest;
  readonly session: FuseSession;
  /** Those that use the files. */
  readonly processes = new Processes();
  private readonly live: LiveGuest;
  private readonly timer: NodeJS.Timeout;
  private control: ControlSocket | undefined;
  /** Defects do not end the service: the files must not vanish under those who use them. */
  private defects = 0;

  private constructor(
    { guest, live }: OpenGuest,
    /** /dev/fuse, to mount the files with. */
    readonly fd: number,
    private readonly stdio: Stdio,
  ) {
    this.guest = guest;
    this.live = live;
    const owner = { uid: 0, gid: 0, timeS: Math.floor(Date.now() / 1000) };
    this.session = new FuseSession(
      new FuseFilesystem(
        new GuestFiles({
          get fs() {
            return guest.fs;
          },
          processOf: (pid) => this.processes.find(pid),
          asUser: (work, by) => guest.machine.asUser(work, by),
          sleep: (write, by) => sleepingWrite(guest, live, write, by),
          waitFor: (isOver) => live.waitFor(isOver),
        }),
        owner,
      ),
      { beforeRequest: () => live.catchUp(), onDefect: (error) => this.reportDefect(error) },
      fd,
    );
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** @throws UsageError for a file, a /dev/fuse or a socket that cannot be used. */
  static async open(
    file: string,
    { speed, socket, plugins }: LiveOptions,
    stdio: Stdio,
  ): Promise<LiveService> {
    const service = new LiveService(await openGuest(file, speed, stdio, plugins), openFuseDevice(), stdio);
    try {
      if (socket !== undefined) await service.listen(socket, plugins);
    } catch (error) {
      service.close();
      throw error;
    }
    return service;
  }

  /** The exit status: that of a defect if there was one, else `otherwise`. */
  status(otherwise: number): number {
    return this.defects > 0 ? exitStatus.defect : otherwise;
  }

  /** Stops the time, closes the socket, and ends the session at its next request. */
  close(): void {
    this.session.stop();
    clearInterval(this.timer);
    this.control?.close();
  }

  private async listen(socket: string, plugins: Plugins | undefined): Promise<void> {
    const commands = new GuestCommands(this.guest, this.live, plugins?.language);
    this.control = await ControlSocket.listen(socket, commands, (error) => this.reportDefect(error));
  }

  private tick(): void {
    try {
      this.live.catchUp();
    } catch (error) {
      this.reportDefect(error);
      clearInterval(this.timer);
    }
  }

  private reportDefect(error: unknown): void {
    this.defects += 1;
    if (this.defects <= MOST_SHOWN) this.stdio.err(defectText(error));
  }
}
