import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { Report } from '../../../src/explore/report/report.js';
import { drawTrial } from '../../hostile/draw.js';
import { partNamed } from '../../hostile/parts/index.js';
import { attackByQueue } from '../../hostile/queue.js';
import { irqlab } from '../../support/cli.js';
import { describeWithRedis, hasOpenssl, killed, LONG_MS, PASSWORD, RealRedis, until } from './real-redis.js';

const examples = new URL('../../../examples/', import.meta.url).pathname;
/** Channels of this design have no interrupts. */
const UNFIT = `cpus: 2
devices: [{driver: heartbeat, relid: 7}]
design: {relidMap: array}
channels: [{relid: 7, irq: 30}]
`;

describeWithRedis('with a real Redis', () => {
  const real = new RealRedis();

  test(
    'a worker of another build gives its unit back and ends; one of the same does it',
    async () => {
      const race = join(real.dir, 'own.mjs');
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
      const search = real.run('explore', race, '--json', ...real.atQueue());
      const other = await real.run('worker', ...real.atQueue()).ended;
      expect(other.status).toBe(2);
      expect(other.err).toMatch(
        /what is in the queue is of build \w{16}, this is \w{16}: run the same irqlab/,
      );
      const same = real.run('worker', race, ...real.atQueue());
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
        connection: real.redis,
      });
      const { status, err } = await irqlab(['explore', 'relid-map', 'array', ...real.atQueue()]);
      await broken.close();
      expect(status).toBe(2);
      expect(err).toMatch(
        /^irqlab: unit [\w-]+-0 was given up after 3 attempts: the disk is full\nIt stays among/,
      );
      const [dead] = await real.queue.getFailed();
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
    const liar = new Worker('irqlab', () => Promise.resolve({ verdict: 'none' }), { connection: real.redis });
    const { status, err } = await irqlab([...args, ...real.atQueue()]);
    await liar.close();
    expect(status).toBe(2);
    expect(err).toContain(reason);
  });

  test(
    'choices of a comparison are run by workers, over TLS where there is openssl: the same bytes',
    async () => {
      const compare = ['compare', join(examples, 'compare-offline.yaml'), '--vary', 'free-cpus', '--json'];
      const ca = { NODE_EXTRA_CA_CERTS: join(real.dir, 'ca.crt') };
      const at = hasOpenssl ? ['--queue', `rediss://:${PASSWORD}@localhost:${real.tlsPort}`] : real.atQueue();
      const worker = real.runWith(ca, 'worker', '--workers', '1', ...at);
      const there = await real.runWith(ca, ...compare, ...at).ended;
      const here = await irqlab(compare);
      expect(there).toEqual({ status: 0, out: here.out, err: '' });
      // No guest can be made of it, which is the file's fault and not the worker's.
      const unfit = join(real.dir, 'unfit.yaml');
      writeFileSync(unfit, UNFIT);
      const refused = ['compare', unfit, '--vary', 'free-cpus'];
      const { status, out, err } = await irqlab(refused);
      expect(status).toBe(2);
      expect(await real.runWith(ca, ...refused, ...at).ended).toEqual({ status, out, err });
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
        irqlab(['worker', '--queue', `rediss://:${password}@localhost:${real.tlsPort}`]);
      expect(await use(PASSWORD)).toMatchObject({
        status: 2,
        err: expect.stringMatching(
          /^irqlab: no Redis for --queue at rediss:\S+: .*certificate.*\n.*NODE_EXTRA_CA_CERTS/,
        ),
      });
      const wrong = await irqlab(['worker', '--queue', `redis://:wrong@127.0.0.1:${real.port}`]);
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
        connection: real.redis,
      },
    );
    const others = await attackByQueue(real.atQueue()[1], () => false);
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
      const search = real.run('explore', 'relid-map', 'array', ...real.atQueue());
      const [abandoned] = await until(async () => {
        const jobs = await real.queue.getWaiting();
        return jobs.length > 0 ? jobs : undefined;
      });
      await killed(search.child);
      const { owner } = abandoned.data as { owner: string };
      const lease = `irqlab:owner:${owner}`;
      expect(await real.redis.pttl(lease)).toBeGreaterThan(0);
      expect(await real.redis.pttl(lease)).toBeLessThanOrEqual(10_000);
      // In place of ten seconds.
      await real.redis.del(lease);
      const data = { ...(abandoned.data as object), build: 'another' };
      await real.queue.add('unit', data, { jobId: 'of another build' });
      await real.queue.add('unit', { require: 'child_process' }, { jobId: 'garbage' });
      const worker = await real.run('worker', '--idle', '1', ...real.atQueue()).ended;
      expect(worker).toMatchObject({ status: 0, out: '0 units, 0 executions\n' });
      for (const id of [abandoned.id ?? '', 'of another build'])
        expect(await real.queue.getJob(id)).toBeUndefined();
      expect((await real.queue.getJob('garbage'))?.failedReason).toMatch(/^what the queue has is no job: /);
    },
    LONG_MS,
  );
});
