import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';

/** A line of the kernel log about one device (include/linux/dev_printk.h dev_err and the like). @param once the first time only (dev_err_once). */
export function devPrintk(
  { name }: VmbusDriver,
  { channel, instanceId }: VmbusDevice,
  text: string,
  once = false,
): void {
  const { log } = channel.machine;
  const line = `${name} ${instanceId}: ${text}`;
  if (once) log.printkOnce(line);
  else log.printk(line);
}
