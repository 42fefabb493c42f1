import type { VmbusDevice } from '../vmbus/driver.js';
import { kernLevel } from '../machine/log.js';

/**
 * A line of the kernel log about one device (include/linux/dev_printk.h dev_err and the like).
 *
 * @param about what of the device it is about, such as its interface.
 * @param once the first time only, whatever device it is about (dev_err_once).
 * @param priority of kernLevel; default: that of dev_err.
 */
export function devPrintk(
  { name, about }: { readonly name: string; readonly about?: string },
  { channel, instanceId }: VmbusDevice,
  text: string,
  once = false,
  priority: number = kernLevel.ERR,
): void {
  const { log } = channel.machine;
  const line = `${name} ${instanceId}${about === undefined ? '' : ` ${about}`}: ${text}`;
  if (once) log.printkOnce(line, `${name}: ${text}`, priority);
  else log.printk(line, false, priority);
}
