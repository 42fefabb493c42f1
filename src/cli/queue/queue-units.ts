import { UsageError } from '../../command/usage-error.js';
import type { NumberedUnit, UnitResult } from '../../explore/frontier.js';
import type { Fingerprint } from '../../explore/report/report.js';
import type { UnitRunner } from '../explore/in-units.js';
import { QueuedJobs } from './jobs.js';
import { parseUnitResult, type UnitTask } from './messages.js';
import { QUEUE, type QueueServer } from './redis.js';

/** Units in the queue at a time: some for each of many workers. */
const WIDTH = 128;

/** Has units done by whoever takes them from the queue. */
export class QueueUnits implements UnitRunner {
  readonly width = WIDTH;
  private readonly jobs: QueuedJobs<UnitTask, UnitResult>;
  private readonly options: string;

  /**
   * @param isStopped is asked whether the search is to end.
   * @param onAlone is called once if there is no worker.
   */
  constructor(
    server: QueueServer,
    { build, options }: Fingerprint,
    private readonly search: UnitTask['search'],
    isStopped: () => boolean,
    onAlone: () => void,
  ) {
    this.options = options;
    const of = { queue: QUEUE, kind: 'unit', build, parse: parseUnitResult };
    this.jobs = new QueuedJobs(server, of, isStopped, onAlone);
  }

  async run({ number, unit, steps }: NumberedUnit): Promise<UnitResult> {
    const { search, options } = this;
    const result = await this.jobs.run(number, { search, options, unit, steps });
    const { stopped, rest } = result;
    if (stopped !== undefined || (rest !== undefined && rest.floor !== unit.floor))
      throw new UsageError(`what came back as unit ${number} is not what was asked for`);
    return result;
  }

  close(): Promise<void> {
    return this.jobs.close();
  }
}
