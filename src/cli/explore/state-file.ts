import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { cannotWrite } from '../../command/named-file.js';
import { UsageError } from '../../command/usage-error.js';
import type { SavedFrontier } from '../../explore/frontier.js';
import type { Fingerprint } from '../../explore/report/report.js';
import { reportSchema, whatIsWrong } from './report-file.js';
import { contexts, pathSchema, pid } from './unit-schema.js';

/** How much time of a search is lost at most, and a unit's: it is kept so often. */
const KEEP_MS = 2000;

const id = z.int().min(-1);

const shared = z.strictObject({
  ...{ id, parent: id, by: pid, depth: z.int().min(0), nowNs: z.number().min(0), uses: z.int().min(0) },
  ...{
    enabled: contexts,
    sleep: contexts,
    wakeful: contexts,
    yielding: contexts,
    seen: contexts,
    todo: contexts,
    done: contexts,
  },
});

const waiting = z.strictObject({
  parent: id,
  by: pid,
  done: contexts,
  states: pathSchema,
  generation: z.int().min(0),
});

const content = z.strictObject({
  model: z.string(),
  fingerprint: z.strictObject({ build: z.string(), options: z.string() }),
  frontier: z.strictObject({
    shared: z.array(shared),
    waiting: z.array(waiting),
    first: z.int().min(0),
    nextId: z.int().min(0),
    report: reportSchema.optional(),
  }),
});

/** A file in which a search is kept, so that it can go on after whatever ends it. */
export class StateFile {
  private keptMs = 0;

  /** @param model and `fingerprint`: what a search must have in common with one that goes on. */
  constructor(
    readonly file: string,
    private readonly model: string,
    private readonly fingerprint: Fingerprint,
  ) {}

  /**
   * What is left of the search.
   *
   * @param resume whether to go on with what the file has; otherwise there must be no such file.
   * @returns undefined for a search that begins.
   * @throws UsageError if the file is of another search or build, or is no such file.
   */
  read(resume: boolean): SavedFrontier | undefined {
    const { file } = this;
    if (!resume) {
      if (!existsSync(file)) return undefined;
      throw new UsageError(
        `${file} is there already`,
        'To go on with its search add --resume; to begin anew remove it.',
      );
    }
    if (!existsSync(file))
      throw new UsageError(`there is no ${file} to go on with`, 'To begin a search leave out --resume.');
    const { model, fingerprint, frontier } = this.parse();
    const refuse = (what: string, there: string, here: string): void => {
      if (there !== here) throw new UsageError(`${file} is of another ${what}: ${there}, not ${here}`);
    };
    refuse('race', model, this.model);
    refuse('build of irqlab and its races', fingerprint.build, this.fingerprint.build);
    refuse('search', fingerprint.options, this.fingerprint.options);
    return frontier;
  }

  /** Keeps what is left, unless that was done just before. */
  keep(frontier: () => SavedFrontier): void {
    const nowMs = performance.now();
    if (nowMs - this.keptMs < KEEP_MS) return;
    this.write(frontier());
    this.keptMs = performance.now();
  }

  /**
   * Keeps what is left. At every moment the file is whole, the one before or this one.
   *
   * @throws UsageError if it cannot be written.
   */
  write(frontier: SavedFrontier): void {
    const { file, model, fingerprint } = this;
    const next = `${file}.next`;
    try {
      const fd = openSync(next, 'w');
      try {
        writeFileSync(fd, `${JSON.stringify({ model, fingerprint, frontier })}\n`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(next, file);
    } catch (error) {
      throw cannotWrite(file, error);
    }
  }

  private parse(): z.infer<typeof content> {
    const { file } = this;
    let value: unknown;
    try {
      value = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      const why = error instanceof SyntaxError ? 'it is no JSON' : String(error);
      throw new UsageError(`${file} has no search to go on with: ${why}`);
    }
    const parsed = content.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new UsageError(`${file} has no search to go on with: ${whatIsWrong(parsed.error)}`);
  }
}
