import type { CpuId, Irq, Relid } from '../../lib/brand.js';
import { cpu, cpuList, irq, relid } from '../schema/notations.js';
import { keysIn, mapping, whenMapping } from '../schema/shapes.js';
import { defineAction } from './action.js';

const value = mapping('{irq: 39, cpus: "0-1"} or {relid: 19, cpu: 0}', {
  irq: irq.optional().describe('Linux IRQ number, together with cpus'),
  cpus: cpuList.optional().describe('CPUs that the interrupt may go to'),
  relid: relid.optional().describe('Relid of a channel, together with cpu'),
  cpu: cpu.optional().describe("CPU for the channel's cpu file in sysfs"),
})
  .superRefine((given, context) => {
    const keys = keysIn(given, ['irq', 'cpus', 'relid', 'cpu']).join(' ');
    if (keys === 'irq cpus' || keys === 'relid cpu') return;
    context.addIssue({ code: 'custom', message: 'an affinity has either irq and cpus, or relid and cpu' });
  }, whenMapping)
  .meta({ oneOf: [{ required: ['irq', 'cpus'] }, { required: ['relid', 'cpu'] }] });

type Affinity =
  | { readonly kind: 'affinity'; readonly irq: Irq; readonly cpus: string }
  | { readonly kind: 'channelCpu'; readonly relid: Relid; readonly cpu: CpuId };

/** Of an interrupt through /proc/irq, or of a channel through its cpu file. */
export const affinity = defineAction({
  name: 'affinity',
  value: value.describe("Set an interrupt's CPUs, or a channel's CPU"),
  fields({ irq: number = 0, cpus, relid: channel = 0, cpu: target = 0 }): Affinity {
    if (cpus !== undefined) return { kind: 'affinity', irq: number, cpus };
    return { kind: 'channelCpu', relid: channel, cpu: target };
  },
  describe: (action) =>
    action.kind === 'affinity'
      ? `affinity of IRQ ${action.irq} to CPUs ${action.cpus}`
      : `affinity of relid ${action.relid} to CPU ${action.cpu}`,
  endsWithCall: true,
  perform(guest, action) {
    if (action.kind === 'affinity') guest.setAffinity(action.irq, action.cpus);
    else guest.setChannelCpu(action.relid, action.cpu);
  },
});
