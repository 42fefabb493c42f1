// A link that holds the machine: the scenario and what was done by hand, compressed, in the part of the address that goes
// to no server.
import type { Command, Deed } from './deeds.js';
import type { ScenarioText } from './guest.js';
import { parameters, view } from './route.js';

/** Longest text that a link may unfold to, in bytes: a link of somebody else's must not fill this machine's memory. */
const MOST_BYTES = 4 << 20;

/** Something to be done again at a time, in ns since booting. */
export type Done = Pick<Deed, 'atNs' | 'command'>;

export interface Shared {
  readonly scenario: ScenarioText;
  readonly done: readonly Done[];
}

/** The link that shows a scenario, and what was done by hand to its guest, to somebody else. */
export async function linkTo(scenario: ScenarioText, done: readonly Done[]): Promise<string> {
  const all = done.map(({ atNs, command }) => ({ atNs, command }));
  const hash = new URLSearchParams({
    view: view.value,
    name: scenario.name,
    s: await compress(scenario.text),
    ...(all.length > 0 && { done: await compress(JSON.stringify(all)) }),
  });
  return `${location.href.replace(/#.*/, '')}#${hash}`;
}

/** What a link's part behind # holds; undefined: nothing that can be read. */
export async function readShared(hash: string): Promise<Shared | undefined> {
  const given = hash === location.hash ? parameters() : new URLSearchParams(hash.slice(1));
  const packed = given.get('s');
  if (packed === null) return undefined;
  try {
    const done = given.get('done');
    return {
      scenario: { name: given.get('name') ?? 'shared.yaml', text: await decompress(packed) },
      done: done === null ? [] : doneIn(JSON.parse(await decompress(done))),
    };
  } catch {
    return undefined;
  }
}

/** Links are made by anybody. @throws TypeError for what is no list of deeds. */
function doneIn(data: unknown): readonly Done[] {
  if (!Array.isArray(data)) throw new TypeError('expected a list of what was done');
  return data.map((one: { readonly atNs?: unknown; readonly command?: unknown } | null) => {
    const { atNs, command } = one ?? {};
    const isCommand = typeof command === 'string' || (typeof command === 'object' && command !== null);
    if (typeof atNs !== 'number' || !(atNs >= 0) || !isCommand)
      throw new TypeError('expected a time and a command');
    return { atNs, command: command as Command };
  });
}

async function compress(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

async function decompress(packed: string): Promise<string> {
  const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let sizeBytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    sizeBytes += value.byteLength;
    if (sizeBytes > MOST_BYTES) throw new RangeError('the link unfolds to more than a scenario has');
    text += decoder.decode(value, { stream: true });
  }
}
