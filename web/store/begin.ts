import { examples } from './examples.js';
import { failures, load, problems, redo } from './guest.js';
import { startLooking } from './looking.js';
import { parameters } from './route.js';
import { readShared, type Shared } from './share.js';

const FIRST_EXAMPLE = 'rfc-gen2-8vcpu.yaml';

/** What the page begins with: the scenario of the link, with what was done by hand, that of `irqlab web SCENARIO`, or the guest of the RFC. */
export async function begin(): Promise<void> {
  startLooking();
  const linked = await readShared(location.hash);
  const given = linked ?? (await served());
  if (given !== undefined && (await load(given.scenario))) return redo(given.done);
  const wrong = problems.value;
  await loadExample(FIRST_EXAMPLE);
  problems.value = wrong;
  if (linked === undefined && parameters().has('s'))
    failures.value = [
      'The link cannot be read: it is cut, or not one of this page. This is the page’s own guest.',
    ];
}

export async function loadExample(name: string): Promise<void> {
  const text = examples.get(name);
  if (text !== undefined) await load({ name, text });
}

/** `irqlab web SCENARIO` has put it into the page. */
async function served(): Promise<Shared | undefined> {
  const content = document.querySelector<HTMLMetaElement>('meta[name="irqlab-scenario"]')?.content;
  return content === undefined ? undefined : readShared(`#${content}`);
}
