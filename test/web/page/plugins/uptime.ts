import { ContainerModule } from 'inversify';
import { GUEST_FILE, type GuestFile, Machine, procFile } from 'irqlab';
import { inSeconds } from './in-seconds.js';

/** A plug-in in TypeScript, of two files. */
export default new ContainerModule(({ bind }) => {
  bind(GUEST_FILE).toResolvedValue(
    (machine: Machine): GuestFile => ({
      path: '/proc/own_uptime',
      node: procFile(0o444, { read: () => `${inSeconds(machine.clock.now)}\n` }),
    }),
    [Machine],
  );
});
