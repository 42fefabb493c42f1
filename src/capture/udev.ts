import type { LsvmbusDevice } from './lsvmbus.js';
import { CaptureSyntaxError } from './syntax-error.js';

const deviceLine = /^P: \/devices\/(?:\S*\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const propertyLine = /^[EILMNQSTUV]: /;
const modaliasLine = /^E: MODALIAS=vmbus:([0-9a-f]{32})$/;

/** True for a text that looks like what `udevadm info --export-db` prints of VMBus devices. */
export function isUdevDump(text: string): boolean {
  return /^P: \/devices\//.test(text);
}

/**
 * Reads the VMBus devices of a udev dump. udev knows no relids: they are made up in the order of the dump, from 1 on.
 *
 * @throws CaptureSyntaxError for a line that udevadm does not print.
 */
export function parseUdevDump(text: string): LsvmbusDevice[] {
  const devices: LsvmbusDevice[] = [];
  let instance: string | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    if (line.startsWith('P: ')) {
      instance = deviceLine.exec(line)?.[1];
      continue;
    }
    const alias = modaliasLine.exec(line)?.[1];
    if (alias !== undefined && instance !== undefined) {
      const classId = classOfAlias(alias);
      devices.push({ relid: devices.length + 1, description: '', classId, instance, channels: [] });
    } else if (line !== '' && !propertyLine.test(line)) {
      throw new CaptureSyntaxError(at + 1, 1, 'P:, E: or another line of udevadm info');
    }
  }
  return devices;
}

/** The class id of a modalias, which lists the bytes of the GUID as in memory: its first three groups little-endian. */
function classOfAlias(alias: string): string {
  const order = [3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15];
  return order.map((at) => (at < 0 ? '-' : alias.slice(2 * at, 2 * at + 2))).join('');
}
