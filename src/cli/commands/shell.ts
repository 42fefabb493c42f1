import type { CommandModule } from '../command.js';
import type { ShellOptions } from '../../live/shell.js';
import { addLiveOptions } from './live-options.js';

const example = `
In the shell, /proc/interrupts, /proc/irq, /proc/stat, /proc/softirqs, /proc/cpuinfo and, in /sys, devices/system/cpu,
devices/system/node, bus/vmbus, bus/pci, class/{net,nvme,scsi_host,uio} and kernel/irq are the guest's; the rest is this
machine's: its /proc/sys and /sys are read-only, its other files and its processes are as everywhere. Needs Linux with /dev/fuse, and root or user namespaces. The exit status is the command's.

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
      .option(
        '--isolate',
        'a PID and a user namespace for the command, too: it can change nothing of this machine by /proc and /sys, and sees no other processes',
      )
      .addHelpText('after', example)
      .action(async (file: string, program: string[], options: ShellOptions) => {
        const { runShell } = await import('../../live/shell.js');
        finish(await runShell(file, program, { ...options, plugins }, stdio));
      });
  },
};
