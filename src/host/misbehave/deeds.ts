import type { Ns } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';
import type { Corruption, Sent } from './sent.js';

/** How a deed is done. */
export interface DeedOptions extends Corruption {
  /** delay: by how much; reorder: how long to wait at most for something to be overtaken by. Default 1 ms. */
  readonly byNs?: Ns;
}

/** What a deed can do about something that was to be sent. */
export interface DeedPort {
  readonly prng: Prng;
  /** Sends something in place of `sent` now; it overtakes what has been held back. */
  now(sent: Sent, send: () => void): void;
  /** Does `action` in `ns` ns. */
  after(ns: Ns, action: () => void): void;
  /** Holds it back until the next thing of its kind has overtaken it, for `ns` ns at most. */
  hold(sent: Sent, ns: Ns): void;
}

/** Something that a misbehaving host does instead of sending. */
export interface DeedDefinition {
  /** It changes a field, which a rule may name. */
  readonly corrupts?: boolean;
  perform(port: DeedPort, sent: Sent, options: DeedOptions): void;
}

const DEFAULT_NS: Ns = 1_000_000;

/** Each deed by its name. One more here is one more everywhere: in rules, scenario files and their schema. */
const definitions = {
  drop: {
    perform: () => {},
  },
  delay: {
    perform: (port, sent, { byNs = DEFAULT_NS }) => port.after(byNs, () => sent.send()),
  },
  duplicate: {
    perform: (port, sent) =>
      port.now(sent, () => {
        sent.send();
        sent.send();
      }),
  },
  reorder: {
    perform: (port, sent, { byNs = DEFAULT_NS }) => port.hold(sent, byNs),
  },
  corrupt: {
    corrupts: true,
    perform: (port, sent, options) => port.now(sent, () => sent.sendCorrupted(options, port.prng)),
  },
} as const satisfies Readonly<Record<string, DeedDefinition>>;

/** What a misbehaving host does with a thing instead of sending it. */
export type Deed = keyof typeof definitions;
export const deeds = Object.keys(definitions) as readonly Deed[];

export function deedNamed(deed: Deed): DeedDefinition {
  return definitions[deed];
}
