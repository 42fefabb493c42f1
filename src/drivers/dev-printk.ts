import type { VmbusDevice } from '../vmbus/driver.js';

/**
 * A line of the kernel log about one device (include/linux/dev_printk.h dev_err and the like).
 *
 * @param about what of the device it is about, such as its interface.
 * @param once the first time only, whatever device it is about (dev_err_once).
 */
export function devPrintk(
  { name, about }: { readonly name: string; readonly about?: string },
  { channel, instanceId }: VmbusDevice,
  text: string,
  once = false,
): void {
  const { log } = channel.machine;
  const line = `${name} ${instanceId}${about === undefined ? '' : ` ${about}`}: ${text}`;
  if (once) log.printkOnce(line, `${name}: ${text}`);
  else log.printk(line);
}
