import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';

/** A line of the kernel log about one device (include/linux/dev_printk.h dev_err and the like). */
export function devPrintk({ name }: VmbusDriver, { channel, instanceId }: VmbusDevice, text: string): void {
  channel.machine.log.printk(`${name} ${instanceId}: ${text}`);
}
