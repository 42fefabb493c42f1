import type { CommandModule } from '../command.js';
import type { LiveOptions } from '../../live/service.js';
import { addLiveOptions } from './live-options.js';

const example = `
In the shell, /proc/interrupts, /proc/irq, /proc/stat, /proc/softirqs, /proc/cpuinfo and, in /sys, devices/system/cpu,
devices/system/node, bus/vmbus, bus/pci, class/{net,nvme,scsi_host,uio} and kernel/irq are the guest's; the rest is this
machine's, which does not change. Needs Linux with /dev/fuse, and root or user namespaces. The exit status is the command's.

Examples:
  $ irqlab shell examples/rfc-gen2-8vcpu.yaml
  $ irqlab shell examples/rfc-gen2-8vcpu.yaml -- lscpu -e
  $ irqlab shell examples/two-node-16vcpu.yaml -- irqbalance --oneshot --debug
  $ irqlab shell examples/plugin-driver/sensor.yaml --plugin dist/examples/plugin-driver/plugin.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<scenario>', 'scenario file (YAML)')
      .argument('[command...]', 'what to run, behind --; default: your shell');
    addLiveOptions(command)
      .addHelpText('after', example)
      .action(async (file: string, program: string[], options: LiveOptions) => {
        const { runShell } = await import('../../live/shell.js');
        finish(await runShell(file, program, { ...options, plugins }, stdio));
      });
  },
};
