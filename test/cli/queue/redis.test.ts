import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Report } from '../../../src/explore/report/report.js';

// Real processes of the build, and a real Redis: IRQLAB_REDIS=1 npm test -- test/cli/queue, after npm run build.
const isAsked = process.env.IRQLAB_REDIS === '1';
const cli = new URL('../../../dist/cli/cli.js', import.meta.url).pathname;
const PASSWORD = 'not-so-secret';
/** The build's processes take seconds to start where others work as well. */
const LONG_MS = 120_000;

let dir = '';
let port = 0;
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

function startRedis(): ChildProcess {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--requirepass', PASSWORD];
  return spawn('redis-server', [...options, '--appendonly', 'yes', '--save', ''], { stdio: 'ignore' });
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
  const child = spawn(process.execPath, [cli, ...args], { cwd: dir });
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
      const search = ['explore', 'rescind-reuse', 'rfc-late-interrupt', '--json'];
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
      expect(one.status).toBe(0);
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
        /own\/model in the queue is of build \w{16}, this is \w{16}: run the same irqlab/,
      );
      const same = run('worker', race, '--idle', '1', ...atQueue());
      const { status, out } = await search.ended;
      expect([status, (JSON.parse(out) as Report).verdict]).toEqual([1, 'found']);
      expect(await same.ended).toMatchObject({ status: 0, out: '1 units, 2 executions\n' });
    },
    LONG_MS,
  );

  test(
    'a unit that fails three times stays in the queue with its reason',
    async () => {
      const broken = new Worker('irqlab', () => Promise.reject(new Error('the disk is full')), {
        connection: redis,
      });
      const { status, err } = await run('explore', 'relid-map', 'array', ...atQueue()).ended;
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

  test(
    'what comes back and is no result ends the search; what is no unit does not end a worker',
    async () => {
      const liar = new Worker('irqlab', () => Promise.resolve({ verdict: 'none' }), { connection: redis });
      const { status, err } = await run('explore', 'relid-map', 'array', ...atQueue()).ended;
      await liar.close();
      expect(status).toBe(2);
      expect(err).toContain('what the queue has is no result of a unit: report: expected object');
      await queue.add('unit', { require: 'child_process' }, { jobId: 'garbage' });
      const worker = await run('worker', '--idle', '1', ...atQueue()).ended;
      expect(worker).toMatchObject({ status: 0, out: '0 units, 0 executions\n' });
      expect((await queue.getJob('garbage'))?.failedReason).toMatch(
        /^what the queue has is no unit of a search: /,
      );
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
      await until(async () => (told.includes('no worker takes units yet') ? true : undefined));
      child.kill('SIGINT');
      expect((await ended).status).toBe(130);
      // Active are still the units of workers that were killed above.
      expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 0 });
    },
    LONG_MS,
  );
});
