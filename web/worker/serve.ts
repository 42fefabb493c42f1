import { loadOnDemand } from 'irqlab/browser';
import { checkScenario, importTexts } from './editor.js';
import { GuestSession } from './guest-session.js';
import { nothingPlugged } from './plugged.js';
import type { Answers, Request, RequestOf, WorkerEvent } from './protocol.js';

type Handlers = {
  readonly [Kind in Request['kind']]: (request: RequestOf<Kind>) => Answers[Kind] | Promise<Answers[Kind]>;
};

/**
 * Answers requests of the page.
 *
 * @param tell takes events for the page.
 * @param plugged default: no plug-ins.
 */
export function serve(
  tell: (event: WorkerEvent) => void,
  plugged = nothingPlugged,
): (request: Request) => Promise<Answers[Request['kind']]> {
  const session = new GuestSession((message) => tell({ event: 'failure', message }), plugged);
  const handlers: Handlers = {
    load: ({ name, text }) => session.load(name, text),
    command: ({ text }) => session.command(text),
    speed: ({ speed }) => session.setSpeed(speed),
    advance: ({ to }) => session.advance(to),
    halt: () => session.halt(),
    look: (request) => session.look(request),
    list: ({ path }) => session.list(path),
    read: ({ path }) => session.read(path),
    check: ({ name, text }) => checkScenario(name, text, plugged),
    import: ({ captures }) => importTexts(captures),
    trace: ({ events }) => session.trace.begin(events),
    untrace: () => session.trace.end(),
    traced: () => session.trace.read(),
    traceFile: ({ format }) => session.trace.file(format),
    // Not loaded before the guest is there: most pages show a guest only.
    axes: async (given) => (await import('./compare.js')).axesIn(given, plugged),
    compare: async (given) => (await import('./compare.js')).compare(given, plugged),
    races: async () => (await import('./races.js')).listRaces(plugged),
    explore: async (row) =>
      (await import('./races.js')).explore(row, plugged, (progress) =>
        tell({ event: 'progress', ...progress }),
      ),
    findings: async ({ race }) => (await import('./races.js')).findings(race, plugged),
    words: () => plugged.words(),
    ahead: async () => {
      await Promise.all([loadOnDemand(), import('./compare.js'), import('./races.js')]);
      return undefined;
    },
  };
  return async (request) => {
    const handler = handlers[request.kind] as (request: Request) => Promise<Answers[Request['kind']]>;
    return handler(request);
  };
}
