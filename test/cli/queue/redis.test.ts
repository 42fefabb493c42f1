import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Report } from '../../../src/explore/report/report.js';
import { drawTrial } from '../../hostile/draw.js';
import { partNamed } from '../../hostile/parts/index.js';
import { attackByQueue } from '../../hostile/queue.js';
import { irqlab } from '../../support/cli.js';

// Real processes of the build, and a real Redis: IRQLAB_REDIS=1 npm test -- test/cli/queue, after npm run build.
const isAsked = process.env.IRQLAB_REDIS === '1';
const examples = new URL('../../../examples/', import.meta.url).pathname;
const cli = new URL('../../../dist/cli/cli.js', import.meta.url).pathname;
const hasOpenssl = isAsked && spawnSync('openssl', ['version']).status === 0;
const PASSWORD = 'not-so-secret';
/** Channels of this design have no interrupts. */
const UNFIT = `cpus: 2
devices: [{driver: heartbeat, relid: 7}]
design: {relidMap: array}
channels: [{relid: 7, irq: 30}]
`;
/** The build's processes take seconds to start where others work as well. */
const LONG_MS = 120_000;

let dir = '';
let port = 0;
let tlsPort = 0;
let server: ChildProcess;
const started: ChildProcess[] = [];

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Makes a CA of our own, which no Node knows, and what a server on localhost shows of it. */
function makeCertificates(): void {
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const fresh = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(...fresh, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=irqlab test CA');
  const own = ['-keyout', 'own.key', '-out', 'own.crt', '-subj', '/CN=localhost'];
  openssl(...fresh, ...own, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost');
}

function startRedis(): ChildProcess {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--requirepass', PASSWORD];
  const tls = ['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', '--tls-ca-cert-file', 'ca.crt'];
  const own = ['--tls-cert-file', 'own.crt', '--tls-key-file', 'own.key'];
  const all = [...options, '--appendonly', 'yes', '--save', '', ...(hasOpenssl ? [...tls, ...own] : [])];
  return spawn('redis-server', all, { stdio: 'ignore', cwd: dir });
}

function killed(child: ChildProcess): Promise<unknown> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  return gone;
}

interface Ran {
  readonly child: ChildProcess;
  readonly ended: Promise<{ status: number | null; out: string; err: string }>;
}

function run(...args: string[]): Ran {
  return runWith({}, ...args);
}

function runWith(env: NodeJS.ProcessEnv, ...args: string[]): Ran {
  const child = spawn(process.execPath, [cli, ...args], { cwd: dir, env: { ...process.env, ...env } });
  started.push(child);
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

function atQueue(): string[] {
  return ['--queue', `redis://:${PASSWORD}@127.0.0.1:${port}`];
}

function reportOf(text: string): unknown {
  const { seconds, ...report } = JSON.parse(text) as Report;
  return report;
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(20);
  }
}

(isAsked ? describe : describe.skip)('with a real Redis', () => {
  let redis: Redis;
  let queue: Queue;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'irqlab-queue-'));
    port = await freePort();
    tlsPort = await freePort();
    if (hasOpenssl) makeCertificates();
    server = startRedis();
    redis = new Redis(port, { password: PASSWORD, maxRetriesPerRequest: null });
    redis.on('error', () => {});
    queue = new Queue('irqlab', { connection: redis });
    queue.on('error', () => {});
    await redis.ping();
  }, LONG_MS);

  afterEach(async () => {
    await Promise.all(
      started.splice(0).map((child) => (child.exitCode ?? child.signalCode) === null && killed(child)),
    );
  });

  afterAll(async () => {
    await queue.close();
    redis.disconnect();
    await killed(server);
    rmSync(dir, { recursive: true });
  });

  test(
    'two of four workers are killed, Redis is killed and started again: the same report, execution by execution',
    async () => {
      const search = ['explore', 'rescind-reuse', 'dispose-before-free', '--json'];
      const alone = run(...search, '--workers', '2');
      const many = run(...search, ...atQueue());
      const workers = [1, 2, 3, 4].map(() => run('worker', '--workers', '1', ...atQueue()));
      const holders = await until(async () => {
        const jobs = await queue.getActive();
        const pids = [...new Set(jobs.map(({ processedBy = '' }) => Number(processedBy.split('-').at(-1))))];
        return pids.length >= 2 ? pids : undefined;
      });
      const doomed = workers.filter(({ child }) => holders.includes(child.pid ?? 0)).slice(0, 2);
      expect(doomed).toHaveLength(2);
      await Promise.all(doomed.map(({ child }) => killed(child)));
      await killed(server);
      await delay(500);
      server = startRedis();
      const [one, other] = [await alone.ended, await many.ended];
      expect(one).toMatchObject({ status: 0, err: '' });
      expect({ status: other.status, report: reportOf(other.out) }).toEqual({
        status: 0,
        report: reportOf(one.out),
      });
      expect(other.err).toMatch(/^irqlab: Redis has gone \(.*\); waiting for it\nirqlab: Redis is back\n$/);
    },
    LONG_MS,
  );

  test(
    'a worker of another build gives its unit back and ends; one of the same does it',
    async () => {
      const race = join(dir, 'own.mjs');
      const at = new URL('../../../dist/index.js', import.meta.url).href;
      writeFileSync(
        race,
        `import { MemoryWord } from '${at}';
        function* add(count) { yield count.read; const value = count.load(); yield count.write; count.store(value + 1); }
        export default {
          name: 'own/model',
          setup(world) {
            const count = new MemoryWord('count');
            for (const cpu of [0, 1]) world.task(cpu, 'P' + cpu, add(count));
            return count;
          },
          finally: { sum: ({ value }) => value === 2 },
        };`,
      );
      const search = run('explore', race, '--json', ...atQueue());
      const other = await run('worker', ...atQueue()).ended;
      expect(other.status).toBe(2);
      expect(other.err).toMatch(
        /what is in the queue is of build \w{16}, this is \w{16}: run the same irqlab/,
      );
      const same = run('worker', race, ...atQueue());
      const { status, out } = await search.ended;
      expect([status, (JSON.parse(out) as Report).verdict]).toEqual([1, 'found']);
      same.child.kill('SIGTERM');
      expect(await same.ended).toMatchObject({ status: 130, out: '1 units, 2 executions\n' });
    },
    LONG_MS,
  );

  test(
    'a unit that fails three times stays in the queue with its reason',
    async () => {
      const broken = new Worker('irqlab', () => Promise.reject(new Error('the disk is full')), {
        connection: redis,
      });
      const { status, err } = await irqlab(['explore', 'relid-map', 'array', ...atQueue()]);
      await broken.close();
      expect(status).toBe(2);
      expect(err).toMatch(
        /^irqlab: unit [\w-]+-0 was given up after 3 attempts: the disk is full\nIt stays among/,
      );
      const [dead] = await queue.getFailed();
      expect(dead.failedReason).toBe('the disk is full');
    },
    LONG_MS,
  );

  test.each([
    [['explore', 'relid-map', 'array'], 'what the queue has is no result of a unit: report: expected object'],
    [
      ['compare', join(examples, 'arm64-4vcpu.yaml'), '--vary', 'top-level'],
      'what the queue has is no row of a comparison: it: Invalid input',
    ],
  ])('%j: what comes back and is no result ends it', async (args, reason) => {
    const liar = new Worker('irqlab', () => Promise.resolve({ verdict: 'none' }), { connection: redis });
    const { status, err } = await irqlab([...args, ...atQueue()]);
    await liar.close();
    expect(status).toBe(2);
    expect(err).toContain(reason);
  });

  test(
    'choices of a comparison are run by workers, over TLS where there is openssl: the same bytes',
    async () => {
      const compare = ['compare', join(examples, 'compare-offline.yaml'), '--vary', 'free-cpus', '--json'];
      const ca = { NODE_EXTRA_CA_CERTS: join(dir, 'ca.crt') };
      const at = hasOpenssl ? ['--queue', `rediss://:${PASSWORD}@localhost:${tlsPort}`] : atQueue();
      const worker = runWith(ca, 'worker', '--workers', '1', ...at);
      const there = await runWith(ca, ...compare, ...at).ended;
      const here = await irqlab(compare);
      expect(there).toEqual({ status: 0, out: here.out, err: '' });
      // No guest can be made of it, which is the file's fault and not the worker's.
      const unfit = join(dir, 'unfit.yaml');
      writeFileSync(unfit, UNFIT);
      const refused = ['compare', unfit, '--vary', 'free-cpus'];
      const { status, out, err } = await irqlab(refused);
      expect(status).toBe(2);
      expect(await runWith(ca, ...refused, ...at).ended).toEqual({ status, out, err });
      worker.child.kill('SIGTERM');
      expect(await worker.ended).toMatchObject({
        status: 130,
        out: expect.stringMatching(/^0 units, 0 executions, \d+ choices compared\n$/),
      });
    },
    LONG_MS,
  );

  (hasOpenssl ? test : test.skip)(
    'TLS with a CA that Node does not know, and a wrong password, are told',
    async () => {
      const use = (password: string): Promise<{ status: number; err: string }> =>
        irqlab(['worker', '--queue', `rediss://:${password}@localhost:${tlsPort}`]);
      expect(await use(PASSWORD)).toMatchObject({
        status: 2,
        err: expect.stringMatching(
          /^irqlab: no Redis for --queue at rediss:\S+: .*certificate.*\n.*NODE_EXTRA_CA_CERTS/,
        ),
      });
      const wrong = await irqlab(['worker', '--queue', `redis://:wrong@127.0.0.1:${port}`]);
      expect(wrong).toMatchObject({ status: 2, err: expect.stringContaining('WRONGPASS') });
    },
    LONG_MS,
  );

  test('a finding of the hostile suite is saved under its own name, whatever a worker says; what nobody has begun is taken back', async () => {
    const finding = { part: '../..', setup: 0, actions: [], finding: 'it broke', words: [] };
    const worker = new Worker(
      'irqlab-hostile',
      async () => ({ spentMs: 1, actions: 40, reached: [], finding }),
      {
        connection: redis,
      },
    );
    const others = await attackByQueue(atQueue()[1], () => false);
    const lives = partNamed('lives');
    const { setup } = drawTrial(lives, 1, 5);
    expect(await others.attack(lives, 1, 5)).toMatchObject({ finding: { ...finding, part: 'lives', setup } });
    await worker.close();
    const late = others.attack(lives, 1, 6);
    await others.takeBack();
    await expect(late).rejects.toThrow('stopped before it had begun');
    await others.close();
  });

  test(
    'a worker drops what nobody waits for, and refuses what is no job',
    async () => {
      const search = run('explore', 'relid-map', 'array', ...atQueue());
      const [abandoned] = await until(async () => {
        const jobs = await queue.getWaiting();
        return jobs.length > 0 ? jobs : undefined;
      });
      await killed(search.child);
      const { owner } = abandoned.data as { owner: string };
      const lease = `irqlab:owner:${owner}`;
      expect(await redis.pttl(lease)).toBeGreaterThan(0);
      expect(await redis.pttl(lease)).toBeLessThanOrEqual(10_000);
      // In place of ten seconds.
      await redis.del(lease);
      const data = { ...(abandoned.data as object), build: 'another' };
      await queue.add('unit', data, { jobId: 'of another build' });
      await queue.add('unit', { require: 'child_process' }, { jobId: 'garbage' });
      const worker = await run('worker', '--idle', '1', ...atQueue()).ended;
      expect(worker).toMatchObject({ status: 0, out: '0 units, 0 executions\n' });
      for (const id of [abandoned.id ?? '', 'of another build'])
        expect(await queue.getJob(id)).toBeUndefined();
      expect((await queue.getJob('garbage'))?.failedReason).toMatch(/^what the queue has is no job: /);
    },
    LONG_MS,
  );

  test(
    'without workers the user is told how to start some, and Ctrl-C ends the wait',
    async () => {
      const { child, ended } = run('explore', 'relid-map', 'array', ...atQueue());
      let told = '';
      child.stderr?.on('data', (text: Buffer) => {
        told += text.toString();
      });
      await until(async () => (told.includes('no worker takes anything yet') ? true : undefined));
      child.kill('SIGINT');
      expect((await ended).status).toBe(130);
      // Active are still the units of workers that were killed above.
      expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 0 });
      expect(await redis.keys('irqlab:owner:*')).toEqual([]);
    },
    LONG_MS,
  );
});
