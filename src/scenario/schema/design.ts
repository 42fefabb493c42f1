import { type DesignAxis, designProblem } from '../../vmbus/variants/design.js';
import type { Checks } from '../checks/checks.js';
import type { DesignOptions } from '../options/design.js';
import type { ScenarioVocabulary } from '../vocabulary.js';
import { mapping, word } from './shapes.js';

/** What an axis is about, for whoever reads the schema. */
const descriptions: Readonly<Record<DesignAxis, string>> = {
  relidMap: 'How an event finds its channel',
  topLevel: 'How the top level of VMBus interrupts is counted',
  lifetime: "When a channel's memory goes",
  modifyChannel: 'Who waits for the host when a channel moves',
  offlineGuard: 'What keeps channels from CPUs that go offline',
  ringOrder: "Order of the reader's accesses to a ring",
  openOrder: "When a channel's callback is set",
  irqfdSource: "As whom KVM's irqfds with resampling assert a line, and when that ends",
};

/** A choice on some axes of the design. */
export function designSchema({ designChoices }: Pick<ScenarioVocabulary, 'designChoices'>) {
  const axis = (name: DesignAxis) => {
    const choices = designChoices[name];
    return word(choices).optional().describe(`${descriptions[name]}; default ${choices[0]}`);
  };
  return mapping('a mapping such as {relidMap: array}', {
    relidMap: axis('relidMap'),
    topLevel: axis('topLevel'),
    lifetime: axis('lifetime'),
    modifyChannel: axis('modifyChannel'),
    offlineGuard: axis('offlineGuard'),
    ringOrder: axis('ringOrder'),
    openOrder: axis('openOrder'),
    irqfdSource: axis('irqfdSource'),
  });
}

export function checkDesign(design: DesignOptions, { report }: Checks): void {
  const problem = designProblem(design);
  if (problem !== undefined) report(['design'], problem);
}
