import type { RecordOptions } from '../../capture/record.js';
import type { CommandModule } from '../command.js';

const example = `
It reads /proc/interrupts again and again, /proc/irq, what sysfs says of CPUs, NUMA nodes, VMBus devices and PCI functions,
and what lsvmbus, ethtool and dmesg print where they are. Root sees more of the kernel log, nothing else. Host names, MAC
and IP addresses, serial numbers and other parameters of the kernel are left out, and names of devices that are made of a
MAC address get a number; GUIDs of VMBus devices stay. --script prints the recorder, for machines without Node: any POSIX
shell runs it, with the same options. Exit status: 0 recorded, 2 wrong use or not possible, 130 ended by Ctrl-C.

Examples:
  $ irqlab record -o slow-vm.tar.gz --seconds 60 --every 1 && irqlab import slow-vm.tar.gz
  $ irqlab record --script | ssh vm sh -s -- -o vm.tar.gz
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .option('-o, --output <file>', 'a .tar.gz, or a directory to make; default: irqlab-record.tar.gz')
      .option('--seconds <n>', 'take counts for so many seconds; default: 60')
      .option('--every <n>', 'seconds between two times; default: 1')
      .option('--names', 'leave names and addresses in')
      .option('--script', 'print the recorder, a shell script, instead of running it')
      .addHelpText('after', example)
      .action(async (options: RecordOptions) => {
        const { runRecord } = await import('../../capture/record.js');
        finish(await runRecord(options, stdio));
      });
  },
};
