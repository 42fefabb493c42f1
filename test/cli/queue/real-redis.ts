import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

/** Real processes of the build, and a real Redis: IRQLAB_REDIS=1 npm test -- test/cli/queue, after npm run build. */
const isAsked = process.env.IRQLAB_REDIS === '1';
const cli = new URL('../../../dist/cli/cli.js', import.meta.url).pathname;
export const hasOpenssl = isAsked && spawnSync('openssl', ['version']).status === 0;
export const PASSWORD = 'not-so-secret';
/** The build's processes take seconds to start where others work as well. */
export const LONG_MS = 120_000;

/** `describe`, where a Redis is asked for. */
export const describeWithRedis = isAsked ? describe : describe.skip;

export interface Ran {
  readonly child: ChildProcess;
  readonly ended: Promise<{ status: number | null; out: string; err: string }>;
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Makes a CA of our own, which no Node knows, and what a server on localhost shows of it. */
function makeCertificates(dir: string): void {
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const fresh = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(...fresh, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=irqlab test CA');
  const own = ['-keyout', 'own.key', '-out', 'own.crt', '-subj', '/CN=localhost'];
  openssl(...fresh, ...own, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost');
}

export function killed(child: ChildProcess): Promise<unknown> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  return gone;
}

export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(20);
  }
}

/** A Redis for the tests of a file, what looks into its queue, and processes that use it. */
export class RealRedis {
  dir = '';
  port = 0;
  tlsPort = 0;
  private process: ChildProcess | undefined;
  private connection: Redis | undefined;
  private ofLab: Queue | undefined;
  private readonly started: ChildProcess[] = [];

  /** Within `describe`: it is there for all tests, and processes of each end with it. */
  constructor() {
    beforeAll(async () => {
      this.dir = mkdtempSync(join(tmpdir(), 'irqlab-queue-'));
      this.port = await freePort();
      this.tlsPort = await freePort();
      if (hasOpenssl) makeCertificates(this.dir);
      this.startServer();
      this.connection = new Redis(this.port, { password: PASSWORD, maxRetriesPerRequest: null });
      this.connection.on('error', () => {});
      this.ofLab = new Queue('irqlab', { connection: this.connection });
      this.ofLab.on('error', () => {});
      await this.connection.ping();
    }, LONG_MS);
    afterEach(async () => {
      await Promise.all(
        this.started.splice(0).map((child) => (child.exitCode ?? child.signalCode) === null && killed(child)),
      );
    });
    afterAll(async () => {
      await this.queue.close();
      this.redis.disconnect();
      await killed(this.server);
      rmSync(this.dir, { recursive: true });
    });
  }

  get server(): ChildProcess {
    return there(this.process);
  }

  get redis(): Redis {
    return there(this.connection);
  }

  get queue(): Queue {
    return there(this.ofLab);
  }

  startServer(): void {
    const { dir, port, tlsPort } = this;
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--requirepass', PASSWORD];
    const tls = ['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', '--tls-ca-cert-file', 'ca.crt'];
    const own = ['--tls-cert-file', 'own.crt', '--tls-key-file', 'own.key'];
    const all = [...options, '--appendonly', 'yes', '--save', '', ...(hasOpenssl ? [...tls, ...own] : [])];
    this.process = spawn('redis-server', all, { stdio: 'ignore', cwd: dir });
  }

  /** Options for a command. */
  atQueue(): string[] {
    return ['--queue', `redis://:${PASSWORD}@127.0.0.1:${this.port}`];
  }

  run(...args: string[]): Ran {
    return this.runWith({}, ...args);
  }

  runWith(env: NodeJS.ProcessEnv, ...args: string[]): Ran {
    const child = spawn(process.execPath, [cli, ...args], { cwd: this.dir, env: { ...process.env, ...env } });
    this.started.push(child);
    let out = '';
    let err = '';
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      err += text.toString();
    });
    const ended = new Promise<{ status: number | null; out: string; err: string }>((resolve) =>
      child.once('exit', (status) => resolve({ status, out, err })),
    );
    return { child, ended };
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is no Redis yet');
  return value;
}
