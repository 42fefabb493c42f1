import { createServer, type Server, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import { UsageError } from '../../command/usage-error.js';
import type { CommandTaker, ControlAnswer } from './answer.js';

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
    private readonly onDefect: (error: unknown) => void,
  ) {}

  /** Starts to listen. @throws UsageError if the socket cannot be created at that path. */
  static async listen(
    path: string,
    commands: CommandTaker,
    onDefect: (error: unknown) => void,
  ): Promise<ControlSocket> {
    const server = createServer();
    const control = new ControlSocket(server, path, onDefect);
    server.on('connection', (socket) => control.serve(socket, commands));
    await new Promise<void>((resolve, reject) => {
      server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
        if (code !== 'EADDRINUSE') reject(new UsageError(`cannot listen on ${path}: ${message}`));
        else reject(new UsageError(`${path} exists already`, `If nobody uses it any more: rm ${path}`));
      });
      // Not chmod afterwards, which would leave a moment for others to connect.
      const umask = process.umask(0o177);
      server.listen(path, resolve);
      process.umask(umask);
    });
    return control;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    rmSync(this.path, { force: true });
  }

  private serve(socket: Socket, commands: CommandTaker): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        if (line.trim() !== '') socket.write(`${JSON.stringify(this.answer(commands, line))}\n`);
      if (rest.length > MAX_LINE) socket.destroy();
    });
  }

  /** A command that hits a defect must not end the process: the guest's files would vanish under their users. */
  private answer(commands: CommandTaker, line: string): ControlAnswer {
    try {
      return commands.answer(line);
    } catch (error) {
      this.onDefect(error);
      return { ok: false, code: 'defect', message: error instanceof Error ? error.message : String(error) };
    }
  }
}
