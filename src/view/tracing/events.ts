import { ErrnoError } from '../../lib/errno.js';
import type { TraceEvent } from '../../trace/event.js';
import { headerEvent, headerPage } from '../../trace/format-files.js';
import { printEvent, rawDataEvent } from '../../trace/print-event.js';
import { enabledText } from '../../trace/set-event.js';
import type { TraceArray } from '../../trace/trace-array.js';
import { type FileNode, StaticDirectory } from '../tree-node.js';
import { lineFile, numberFile, shown } from './files.js';

const SYSTEM_FILTER = `### global filter ###
# Use this to set filters for multiple events.
# Only events with the given fields will be affected.
# If no events are modified, an error message will be displayed here
`;
/** What `trigger` says of an event that has none (event_trigger_regex_open); the model has none of these. */
const TRIGGERS =
  '# Available triggers:\n' +
  '# traceon traceoff snapshot stacktrace enable_event disable_event enable_hist disable_hist hist\n';

/** `events` of an instance (kernel/trace/trace_events.c). */
export function eventsDirectory(array: TraceArray): StaticDirectory {
  const { events, behaviour } = array.system;
  const ftrace = new StaticDirectory(0o750);
  for (const { plain } of [printEvent, rawDataEvent])
    ftrace.add(plain.name, new StaticDirectory(0o750, { format: formatFile(array, plain) }));
  const top = new StaticDirectory(0o750, {
    enable: enableFile(array, events),
    header_event: shown(() => headerEvent),
    header_page: shown(() => headerPage(behaviour, array.rings.pageBytes)),
    ftrace,
  });
  for (const system of new Set(events.map((event) => event.system))) {
    const all = events.filter((event) => event.system === system);
    const directory = new StaticDirectory(0o750, {
      enable: enableFile(array, all),
      filter: lineFile(
        () => SYSTEM_FILTER,
        (text) => array.filters.setAll(all, text),
      ),
    });
    for (const event of all) directory.add(event.name, eventDirectory(array, event));
    top.add(system, directory);
  }
  return top;
}

function eventDirectory(array: TraceArray, event: TraceEvent): StaticDirectory {
  return new StaticDirectory(0o750, {
    enable: enableFile(array, [event]),
    filter: lineFile(
      () => `${array.filters.textOf(event)}\n`,
      (text) => array.filters.set(event, text),
    ),
    format: formatFile(array, event),
    trigger: shown(() => TRIGGERS),
    id: shown(() => `${array.system.idOf(event)}\n`),
  });
}

function formatFile({ system }: TraceArray, event: TraceEvent): FileNode {
  return shown(() => event.format(system.idOf(event), system.behaviour));
}

/** Whether some events are on, and a switch for all of them. */
function enableFile(array: TraceArray, events: readonly TraceEvent[]): FileNode {
  return numberFile(
    () => `${enabledText(array, events)}\n`,
    (value) => {
      if (value > 1)
        throw new ErrnoError('EINVAL', `an event is enabled by 1 and disabled by 0, not ${value}`);
      array.setEnabled(events, value === 1);
    },
  );
}
