import { type JsonHead, jsonText } from '../../../command/json.js';
import type { TestOutcome } from '../outcome.js';
import type { Reporter } from './reporter.js';

/** What `irqlab test --json` prints. */
export interface TestJson extends JsonHead<'test'> {
  readonly ok: boolean;
  readonly files: readonly TestOutcome[];
}

/** One object for programs, at the end. */
export const json: Reporter = {
  begin: () => '',
  one: () => '',
  end: (files) => jsonText<TestJson>('test', { ok: files.every(({ ok }) => ok), files }),
};
