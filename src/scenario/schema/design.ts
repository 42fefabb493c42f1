import { z } from 'zod';
import { type DesignAxis, designProblem } from '../../vmbus/variants/design.js';
import type { Checks } from '../checks/checks.js';
import { designPresets } from '../../vmbus/variants/presets.js';
import { completeDesign, type DesignSetting } from '../options/design.js';
import type { KernelVersion } from '../options/kernel.js';
import type { ScenarioVocabulary } from '../vocabulary.js';
import { mapping, word } from './shapes.js';

/** What an axis is about, for whoever reads the schema. */
const descriptions: Readonly<Record<DesignAxis, string>> = {
  relidMap: 'How an event finds its channel',
  topLevel: 'How the top level of VMBus interrupts is counted',
  lifetime: "When a channel's memory goes",
  modifyChannel: 'Who waits for the host when a channel moves',
  offlineGuard: 'What keeps channels from CPUs that go offline',
  freeCpus: 'Which CPUs of a node count as free for a new channel',
  offerFilter: 'Which offers make channels',
  offlinePolicy: 'What becomes of channels whose CPU is to go offline',
  ringOrder: "Order of the reader's accesses to a ring",
  flowControl: 'What the guest does about full rings',
  openOrder: "When a channel's callback is set",
  netvscNames: 'What netvsc calls the interrupts of its channels',
  irqfdSource: "As whom KVM's irqfds with resampling assert a line, and when that ends",
};

const designText = `one of ${designPresets.join(', ')}, or a mapping such as {preset: mainline, relidMap: irqdomain}`;

/** A design by name, or choices on some axes of it. */
export function designSchema({ designChoices }: Pick<ScenarioVocabulary, 'designChoices'>) {
  const axis = (name: DesignAxis) => {
    const choices = designChoices[name];
    return word(choices).optional().describe(`${descriptions[name]}; default ${choices[0]}`);
  };
  const choices = mapping(designText, {
    preset: word(designPresets).optional().describe('What has the axes that are left open; default rfc'),
    relidMap: axis('relidMap'),
    topLevel: axis('topLevel'),
    lifetime: axis('lifetime'),
    modifyChannel: axis('modifyChannel'),
    offlineGuard: axis('offlineGuard'),
    freeCpus: axis('freeCpus'),
    offerFilter: axis('offerFilter'),
    offlinePolicy: axis('offlinePolicy'),
    ringOrder: axis('ringOrder'),
    flowControl: axis('flowControl'),
    openOrder: axis('openOrder'),
    netvscNames: axis('netvscNames'),
    irqfdSource: axis('irqfdSource'),
  });
  return z.union([word(designPresets), choices], { error: designText });
}

export function checkDesign(
  design: DesignSetting,
  kernel: KernelVersion | undefined,
  { report }: Checks,
): void {
  const problem = designProblem(completeDesign(design, kernel));
  if (problem !== undefined) report(['design'], problem);
}
