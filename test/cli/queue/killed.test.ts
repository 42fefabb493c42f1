import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Report } from '../../../src/explore/report/report.js';
import { describeWithRedis, killed, LONG_MS, RealRedis, until } from './real-redis.js';

function reportOf(text: string): unknown {
  const { seconds, ...report } = JSON.parse(text) as Report;
  return report;
}

// A file of its own, beside the others: most of its time it waits until killed workers are missed.
describeWithRedis('with a real Redis', () => {
  const real = new RealRedis();

  test(
    'two of four workers are killed, Redis is killed and started again: the same report, execution by execution',
    async () => {
      const search = ['explore', 'rescind-reuse', 'rfc-late-interrupt', '--json'];
      const alone = real.run(...search, '--workers', '2');
      const many = real.run(...search, ...real.atQueue());
      const workers = [1, 2, 3, 4].map(() => real.run('worker', '--workers', '1', ...real.atQueue()));
      const holders = await until(async () => {
        const jobs = await real.queue.getActive();
        const pids = [...new Set(jobs.map(({ processedBy = '' }) => Number(processedBy.split('-').at(-1))))];
        return pids.length >= 2 ? pids : undefined;
      });
      const doomed = workers.filter(({ child }) => holders.includes(child.pid ?? 0)).slice(0, 2);
      expect(doomed).toHaveLength(2);
      await Promise.all(doomed.map(({ child }) => killed(child)));
      await killed(real.server);
      await delay(500);
      real.startServer();
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
    'without workers the user is told how to start some, and Ctrl-C ends the wait',
    async () => {
      const { child, ended } = real.run('explore', 'relid-map', 'array', ...real.atQueue());
      let told = '';
      child.stderr?.on('data', (text: Buffer) => {
        told += text.toString();
      });
      await until(async () => (told.includes('no worker takes anything yet') ? true : undefined));
      child.kill('SIGINT');
      expect((await ended).status).toBe(130);
      // Active are still the units of workers that were killed above.
      expect(await real.queue.getJobCounts('waiting')).toEqual({ waiting: 0 });
      expect(await real.redis.keys('irqlab:owner:*')).toEqual([]);
    },
    LONG_MS,
  );
});
