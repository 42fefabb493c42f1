// @ts-check
// A file of /proc of one's own: for each CPU the VMBus channels that interrupt it, and how many interrupts they have had.
//
//   $ irqlab run examples/plugin-proc-file/channels.yaml --plugin examples/plugin-proc-file/plugin.js
//   $ irqlab cat examples/rfc-gen2-8vcpu.yaml /proc/vmbus_channels --plugin examples/plugin-proc-file/plugin.js
import { ContainerModule } from 'inversify';
import { GUEST_FILE, procFile, Vmbus } from 'irqlab';

/**
 * The text, made anew for each reader. @param {Vmbus} vmbus
 */
function text({ connection }) {
  const channels = [...connection.channels()];
  return connection.machine.cpus
    .map(({ id }) => {
      const here = channels.filter(({ targetCpu }) => targetCpu === id);
      const relids = here.map(({ relid }) => relid).sort((a, b) => a - b);
      const interrupts = here.reduce((sum, channel) => sum + channel.interrupts, 0);
      return `CPU${id}: ${String(interrupts).padStart(8)} ${relids.join(' ')}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

export default new ContainerModule(({ bind }) => {
  // Of the guest that the file belongs to: every guest has files of its own.
  bind(GUEST_FILE).toResolvedValue(
    (vmbus) => ({ path: '/proc/vmbus_channels', node: procFile(0o444, { read: () => text(vmbus) }) }),
    [Vmbus],
  );
});
