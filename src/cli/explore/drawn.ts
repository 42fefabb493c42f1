import { violationHtml } from '../../explore/report/html.js';
import { violationMermaid } from '../../explore/report/mermaid.js';
import type { Violation } from '../../explore/report/report.js';
import type { TraceFormat } from './options.js';

/** A violation drawn, for a file of its own. */
export function drawn(violation: Violation, format: Exclude<TraceFormat, 'table'>, model: string): string {
  return format === 'mermaid' ? violationMermaid(violation) : violationHtml(violation, model);
}
