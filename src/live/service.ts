import { defectText } from '../command/defect.js';
import { exitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import type { Guest } from '../guest/guest.js';
import { ControlSocket } from './control/server.js';
import { openFuseDevice } from './fuse/device.js';
import { FuseFilesystem } from './fuse/filesystem.js';
import { FuseSession } from './fuse/session.js';
import { GuestCommands } from './guest-commands.js';
import { GuestFiles } from './guest-files.js';
import type { LiveGuest } from './live-guest.js';
import { type OpenGuest, openGuest } from './open-guest.js';

/** The guest's time moves on at least so often, in ms, so that no work piles up while nobody looks. */
const TICK_MS = 20;

/** One defect may show at every request from then on. */
const MOST_SHOWN = 5;

export interface LiveOptions {
  /** Seconds of the guest's time in a second of real time; 0: it stands still. */
  readonly speed: number;
  /** Path of the Unix socket to steer the guest by; default: none. */
  readonly socket?: string;
}

/** A guest in operation: its files are answered for through FUSE, its time passes, its socket takes commands. */
export class LiveService {
  readonly guest: Guest;
  readonly session: FuseSession;
  private readonly live: LiveGuest;
  private readonly timer: NodeJS.Timeout;
  private control: ControlSocket | undefined;
  /** The service goes on after a defect, with the guest as it is: its files must not go away from who uses them. */
  private defects = 0;

  private constructor(
    { guest, live }: OpenGuest,
    /** Of /dev/fuse, for whoever mounts the files. */
    readonly fd: number,
    private readonly stdio: Stdio,
  ) {
    this.guest = guest;
    this.live = live;
    const owner = { uid: 0, gid: 0, timeS: Math.floor(Date.now() / 1000) };
    this.session = new FuseSession(
      new FuseFilesystem(new GuestFiles(guest.fs), owner),
      { beforeRequest: () => live.catchUp(), onDefect: (error) => this.reportDefect(error) },
      fd,
    );
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** @throws UsageError for a file, a /dev/fuse or a socket that cannot be used. */
  static async open(file: string, { speed, socket }: LiveOptions, stdio: Stdio): Promise<LiveService> {
    const service = new LiveService(await openGuest(file, speed, stdio), openFuseDevice(), stdio);
    try {
      if (socket !== undefined) await service.listen(socket);
    } catch (error) {
      service.close();
      throw error;
    }
    return service;
  }

  /** The exit status: a defect's if one showed, else `otherwise`. */
  status(otherwise: number): number {
    return this.defects > 0 ? exitStatus.defect : otherwise;
  }

  /** Ends the passing of time, the socket, and the session at its next request. */
  close(): void {
    this.session.stop();
    clearInterval(this.timer);
    this.control?.close();
  }

  private async listen(socket: string): Promise<void> {
    const commands = new GuestCommands(this.guest, this.live);
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
