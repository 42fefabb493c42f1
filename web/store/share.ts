// A link that holds the machine: the scenario, compressed, in the part of the address that goes to no server.
import type { ScenarioText } from './guest.js';
import { parameters, view } from './route.js';

/** Longest text that a link may unfold to, in bytes: a link of somebody else's must not fill this machine's memory. */
const MOST_BYTES = 4 << 20;

/** The link that shows a scenario to somebody else. */
export async function linkTo(scenario: ScenarioText): Promise<string> {
  const hash = new URLSearchParams({
    view: view.value,
    name: scenario.name,
    s: await compress(scenario.text),
  });
  return `${location.href.replace(/#.*/, '')}#${hash}`;
}

/** The scenario of a link's part behind #; undefined: it has none that can be read. */
export async function readShared(hash: string): Promise<ScenarioText | undefined> {
  const given = hash === location.hash ? parameters() : new URLSearchParams(hash.slice(1));
  const packed = given.get('s');
  if (packed === null) return undefined;
  try {
    return { name: given.get('name') ?? 'shared.yaml', text: await decompress(packed) };
  } catch {
    return undefined;
  }
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
