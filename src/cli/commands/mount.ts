import type { CommandModule } from '../command.js';
import type { LiveOptions } from '../../live/service.js';
import { addLiveOptions } from './live-options.js';

const example = `
The guest's workload and timeline happen in real time while the files are looked at; what is written to them happens to
the guest, which answers with its errno. Ctrl-C or umount ends it. Needs Linux with /dev/fuse, and root.

Examples:
  $ irqlab mount examples/rfc-gen2-8vcpu.yaml /mnt &
  $ watch -d head -20 /mnt/proc/interrupts
  $ irqlab mount examples/two-node-16vcpu.yaml /mnt --speed 10 --socket /tmp/irqlab.sock
  $ irqlab mount examples/rfc-gen2-8vcpu.yaml /mnt --plugin examples/plugin-proc-file/plugin.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<scenario>', 'scenario file (YAML), or - for standard input')
      .argument('<directory>', "where the guest's proc and sys are to be");
    addLiveOptions(command)
      .addHelpText('after', example)
      .action(async (file: string, directory: string, options: LiveOptions) => {
        const { mountGuest } = await import('../../live/mount.js');
        finish(await mountGuest(file, directory, { ...options, plugins }, stdio));
      });
  },
};
