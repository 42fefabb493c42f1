import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guest } from '../../../src/guest/guest.js';
import { ControlSocket } from '../../../src/live/control/server.js';
import { GuestCommands } from '../../../src/steer/guest-commands.js';
import { LiveGuest } from '../../../src/steer/live-guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { mutated } from '../mutate.js';
import type { Action, Part, Watch } from '../trial.js';

// A command whose host never answers lets an hour go by before it is told, and each event in it is followed by all checks.
const scenarioText = `
cpus: 4
devices:
  - {driver: heartbeat, relid: 7}
  - {driver: netvsc, relid: 13, channels: 2, subChannels: [14]}
  - {driver: storvsc, relid: 20}
workload:
  - {relid: 7, every: 1s}
run: 1s
`;

const commands = [
  '{"status": true}',
  '{"run": "1ms"}',
  '{"speed": 0}',
  '{"offline": 3}',
  '{"online": 3}',
  '{"read": "/proc/interrupts"}',
  '{"write": {"path": "/proc/irq/24/smp_affinity", "text": "2"}}',
  '{"signal": 7, "times": 3}',
  '{"rescind": 20}',
  '{"offer": {"driver": "kvp", "relid": 30}}',
  '{"workload": {"relid": 7, "every": "1ms"}}',
  '{"stop": 7}',
  '{"latency": {"messageNs": 1000}}',
  '{"host": {"misbehave": {"signal": "any", "do": "drop"}}}',
  '{"suspend": true}',
  '{"resume": true}',
  '{"kexec": true}',
  '{"channels": {"relid": 13, "count": 1}}',
  '{"connect": 5000}',
];

/** Longest time from a command to its answer: CPU time of this process, which serves as well. */
const ANSWER_MS = 5000;
/** Where others use the machine as well, that takes so much longer. */
const SLOWED_AT_MOST = 10;

/** Programs that speak to a guest's control socket, well and badly. */
export const clients: Part = {
  name: 'clients',
  about: 'clients of the control socket: fragments, floods, half-open connections, mutated commands',
  actions: 40,
  budgetMs: 20_000,

  async run({ actions }, watch) {
    const directory = mkdtempSync(join(tmpdir(), 'irqlab-hostile-'));
    const room = await ControlRoom.open(join(directory, 'socket'));
    try {
      for (const action of actions) {
        watch.step();
        await room.perform(action, watch);
        const broken = await room.broken();
        if (broken !== undefined) return broken;
      }
      return undefined;
    } finally {
      room.close();
      rmSync(directory, { recursive: true });
    }
  },
};

/** A guest with its socket, and those who are connected to it. */
class ControlRoom {
  private readonly sockets: Socket[] = [];

  private constructor(
    private readonly path: string,
    private readonly control: ControlSocket,
    private readonly defects: readonly unknown[],
  ) {}

  static async open(path: string): Promise<ControlRoom> {
    const scenario = parseScenario(scenarioText, 'clients.yaml');
    const guest = Guest.create(scenario.guest);
    const live = new LiveGuest(guest, scenario, { speed: 0, nowMs: () => 0, sleep, onFailure: () => {} });
    const defects: unknown[] = [];
    const takers = new GuestCommands(guest, live);
    return new ControlRoom(
      path,
      await ControlSocket.listen(path, takers, (error) => defects.push(error)),
      defects,
    );
  }

  async perform([kind, a, b, c]: Action, watch: Watch): Promise<void> {
    const names = Object.keys(this.acts) as (keyof typeof this.acts)[];
    const name = names[kind % names.length];
    watch.reached(name);
    await this.acts[name](a, b, c);
  }

  /** @returns what is wrong with a server that has just been treated so. */
  async broken(): Promise<string | undefined> {
    const [defect] = this.defects;
    if (defect !== undefined) return defect instanceof Error ? defect.stack : String(defect);
    const answer = await this.ask('{"status": true}\n');
    return answer?.startsWith('{"ok":true') === true
      ? undefined
      : `status is answered by ${answer ?? 'nothing'}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.control.close();
  }

  private readonly acts = {
    'a client comes': async () => void this.connected(),
    'a command': async (a: number, b: number) => this.write(b, `${commands[a % commands.length]}\n`),
    'a mutated command': async (a: number, b: number, c: number) =>
      this.write(
        b,
        Buffer.concat([mutated(Buffer.from(commands[a % commands.length]), c), Buffer.from('\n')]),
      ),
    'part of a command': async (a: number, b: number, c: number) =>
      this.write(b, commands[a % commands.length].slice(0, c % 20)),
    'a flood': async (a: number, b: number) => this.write(b, `${commands[a % 6]}\n`.repeat(200)),
    'too long a line': async (a: number, b: number) => this.write(b, 'x'.repeat(1 + (a % 200_000))),
    'nobody reads': async (_a: number, b: number) => void this.some(b)?.pause(),
    'somebody reads': async (_a: number, b: number) => void this.some(b)?.resume(),
    'half closed': async (_a: number, b: number) => void this.some(b)?.end(),
    'gone at once': async (_a: number, b: number) => void this.some(b)?.destroy(),
  };

  private some(n: number): Socket | undefined {
    return this.sockets[n % Math.max(1, this.sockets.length)];
  }

  private write(n: number, text: string | Uint8Array): void {
    const socket = this.some(n) ?? this.connected();
    if (socket.writable) socket.write(text);
  }

  private connected(): Socket {
    const socket = connect(this.path);
    socket.on('error', () => {}).resume();
    this.sockets.push(socket);
    return socket;
  }

  /** The first line of the answer; undefined if none comes. */
  private async ask(text: string): Promise<string | undefined> {
    const socket = connect(this.path, () => socket.write(text));
    let answer = '';
    const answered = new Promise<string | undefined>((resolve) => {
      socket
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          answer += chunk;
          if (answer.includes('\n')) resolve(answer);
        })
        .on('error', (error) => resolve(String(error)))
        .on('close', () => resolve('the end of the connection'));
    });
    const late = new AbortController();
    const line = await Promise.race([answered, timeLimit(late.signal)]);
    late.abort();
    socket.destroy();
    return line;
  }
}

/** Ends when an answer should have come, or at `signal`. */
async function timeLimit(signal: AbortSignal): Promise<undefined> {
  const begin = process.cpuUsage();
  for (let slice = 0; slice < SLOWED_AT_MOST && !signal.aborted; slice++) {
    await sleep(ANSWER_MS, undefined, { signal }).catch(() => undefined);
    const { user, system } = process.cpuUsage(begin);
    if ((user + system) / 1000 > ANSWER_MS) break;
  }
  return undefined;
}
