import { type DesignAxis, designChoices } from '../../vmbus/variants/design.js';
import { mapping, word } from './values.js';

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

function axis<Axis extends DesignAxis>(name: Axis) {
  const choices = designChoices[name];
  return word(choices).optional().describe(`${descriptions[name]}; default ${choices[0]}`);
}

export const design = mapping('a mapping such as {relidMap: array}', {
  relidMap: axis('relidMap'),
  topLevel: axis('topLevel'),
  lifetime: axis('lifetime'),
  modifyChannel: axis('modifyChannel'),
  offlineGuard: axis('offlineGuard'),
  ringOrder: axis('ringOrder'),
  openOrder: axis('openOrder'),
  irqfdSource: axis('irqfdSource'),
});
