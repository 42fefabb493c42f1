import { linkSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { UsageError } from '../../command/usage-error.js';
import type { CommandTaker, ControlAnswer } from '../../steer/answer.js';

/** Longest command in characters; who sends a longer line is disconnected. */
const MAX_LINE = 1 << 16;

/**
 * A Unix socket that takes commands: each line is one and is answered by a line of JSON, in order. It belongs to its
 * owner alone (mode 0600), because whoever can write to it steers the guest.
 */
export class ControlSocket {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly path: string,
    /** What was made at that path. */
    private readonly inode: number,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  /** Starts to listen. @throws UsageError if the socket cannot be created at that path. */
  static async listen(
    path: string,
    commands: CommandTaker,
    onDefect: (error: unknown) => void,
  ): Promise<ControlSocket> {
    const server = createServer();
    await bound(server, path);
    const control = new ControlSocket(server, path, lstatSync(path).ino, onDefect);
    server.on('connection', (socket) => void control.serve(socket, commands));
    return control;
  }

  /** Takes the socket away, unless somebody has put something else at its path. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    const found = lstatSync(this.path, { throwIfNoEntry: false });
    if (found?.ino === this.inode) rmSync(this.path);
  }

  /** Carries out one command after the other; none is read before the answer to the last one has been taken. */
  private async serve(socket: Socket, commands: CommandTaker): Promise<void> {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    try {
      let rest = '';
      for await (const text of socket.setEncoding('utf8')) {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop() ?? '';
        if ([...lines, rest].some(({ length }) => length > MAX_LINE)) break;
        for (const line of lines.map((command) => command.trim()).filter(Boolean))
          await written(socket, `${JSON.stringify(await this.answer(commands, line))}\n`);
      }
    } catch {
      // The client has gone.
    }
    socket.destroySoon();
  }

  /** A command that hits a defect must not end the process: the guest's files would vanish under their users. */
  private async answer(commands: CommandTaker, line: string): Promise<ControlAnswer> {
    try {
      return await commands.answer(line);
    } catch (error) {
      this.onDefect(error);
      return { ok: false, code: 'defect', message: error instanceof Error ? error.message : String(error) };
    }
  }
}

/**
 * Has a server listen at a path where nothing is. Node takes away what is at the path that it was told, whatever it is by
 * then: so that path is another one, which has gone already.
 */
async function bound(server: Server, path: string): Promise<void> {
  const passing = `${path}.${process.pid}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) => reject(new UsageError(`cannot listen on ${path}: ${message}`)));
    // Not chmod afterwards, which would leave a moment for others to connect.
    const umask = process.umask(0o177);
    server.listen(passing, resolve);
    process.umask(umask);
  });
  try {
    linkSync(passing, path);
  } catch (error) {
    server.close();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new UsageError(`cannot listen on ${path}: ${message}`);
    throw new UsageError(`${path} exists already`, `If nobody uses it any more: rm ${path}`);
  } finally {
    rmSync(passing, { force: true });
  }
}

/** Resolves when the other side, or the kernel for it, has taken a text. */
function written(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
