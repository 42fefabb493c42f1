import type { MachineFiles } from './machine-files.js';

/**
 * Files of a channel that tell how its rings and its monitor do (ABI/stable/sysfs-bus-vmbus), but for those that count what
 * goes on anyway.
 */
const files = [
  'monitor_id',
  'latency',
  'pending',
  'out_full_first',
  'out_full_total',
  'intr_in_full',
  'read_avail',
] as const;

/** What there is of them. @param channel its directory. */
export function channelFigures(machine: MachineFiles, channel: string): Map<string, number> {
  return new Map(
    files.flatMap((name): [string, number][] => {
      const value = machine.number(`${channel}/${name}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Length in bytes of the ring to the host, which a device's files tell of its primary channel; undefined while it is closed. */
export function ringBytes(machine: MachineFiles, device: string): number | undefined {
  const [free, used] = ['write', 'read'].map((side) => machine.number(`${device}/out_${side}_bytes_avail`));
  return free === undefined || used === undefined ? undefined : free + used;
}
