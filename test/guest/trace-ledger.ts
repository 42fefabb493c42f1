import type { Guest } from '../../src/guest/guest.js';
import { softirqNames } from '../../src/machine/softirq.js';
import { parseInterrupts } from '../../src/view/interrupts/parse.js';
import type { TraceRecord } from '../../src/trace/record.js';

type Counts = Map<string, number>;

function add(counts: Counts, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** What a guest shows of itself: counts by name, those of interrupts and softirqs by CPU. */
function shown(vm: Guest): {
  counts: Counts;
  cpus: Map<number, number>;
  irqs: Map<number, number>;
  actions: Map<number, string>;
} {
  const counts: Counts = new Map();
  const actions = new Map<number, string>();
  for (const row of parseInterrupts(vm.fs.readFile('/proc/interrupts')).table.rows) {
    // What VMBus itself is raised by counts those that have no channel's event only.
    if (row.kind !== 'irq' || row.actions[0] === 'Hyper-V VMbus') continue;
    const online = [...vm.machine.online];
    for (const [at, count] of row.counts.entries()) add(counts, `irq ${row.irq} on ${online[at]}`, count);
    if (row.actions.length > 0) actions.set(row.irq, row.actions[0]);
  }
  for (const { id, softirqs } of vm.machine.cpus)
    for (const name of softirqNames) add(counts, `${name} on ${id}`, softirqs.count(name));
  const cpus = new Map<number, number>();
  const irqs = new Map<number, number>();
  for (const channel of vm.vmbus.connection.channels()) {
    cpus.set(channel.relid, channel.targetCpu);
    irqs.set(channel.relid, channel.irq);
    const host = vm.host.channel(channel.relid);
    add(counts, `signalled ${channel.relid}`, host?.signalled ?? 0);
    add(counts, `coalesced ${channel.relid}`, host?.coalesced ?? 0);
    add(counts, `lost ${channel.relid}`, host?.lost ?? 0);
  }
  return { counts, cpus, irqs, actions };
}

/**
 * Rebuilds from a trace alone what a guest shows: the counts of its interrupts and softirqs by CPU, the CPU and the
 * counters of each channel. A handler that is shared is counted by the first of the line.
 *
 * @returns what differs; empty if the trace has it all.
 */
export class TraceLedger {
  private readonly before: ReturnType<typeof shown>;

  constructor(private readonly vm: Guest) {
    this.before = shown(vm);
  }

  differences(records: Iterable<TraceRecord>): string[] {
    const after = shown(this.vm);
    const told: Counts = new Map(this.before.counts);
    const cpus = new Map(this.before.cpus);
    const scheduled = new Map<number, number>();
    const irqs = new Map(this.before.irqs);
    for (const { event, cpu, values } of records) {
      const all = values as Record<string, number>;
      switch (event.name) {
        case 'vmbus_chan_sched':
          scheduled.set(cpu, all['relid']);
          break;
        case 'irq_handler_entry': {
          const relid = scheduled.get(cpu);
          if (relid !== undefined) irqs.set(relid, all['irq']);
          scheduled.delete(cpu);
          const first = after.actions.get(all['irq']) ?? this.before.actions.get(all['irq']);
          if (first === String(all['name'])) add(told, `irq ${all['irq']} on ${cpu}`);
          break;
        }
        case 'softirq_entry':
          add(told, `${softirqNames[all['vec']]} on ${cpu}`);
          break;
        case 'host_signal':
          add(told, `signalled ${all['relid']}`);
          if (all['fate'] === 1) add(told, `coalesced ${all['relid']}`);
          if (all['fate'] === 2) add(told, `lost ${all['relid']}`);
          break;
        case 'vmbus_release_relid':
          for (const name of ['signalled', 'coalesced', 'lost']) told.delete(`${name} ${all['child_relid']}`);
          cpus.delete(all['child_relid']);
          for (const name of [...told.keys()])
            if (name.startsWith(`irq ${irqs.get(all['child_relid'])} on `)) told.delete(name);
          break;
        case 'vmbus_open':
        case 'vmbus_send_modifychannel':
          if (all['ret'] === 0) cpus.set(all['child_relid'], all['target_vp']);
      }
    }
    const differ = [...after.counts].flatMap(([name, count]) =>
      (told.get(name) ?? 0) === count ? [] : [`${name}: ${count}, told ${told.get(name) ?? 0}`],
    );
    for (const [relid, cpu] of after.cpus)
      if (cpus.has(relid) && cpus.get(relid) !== cpu)
        differ.push(`channel ${relid} is on CPU ${cpu}, told ${cpus.get(relid)}`);
    return differ;
  }
}
