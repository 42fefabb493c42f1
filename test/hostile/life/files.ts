import type { Guest } from '../../../src/guest/guest.js';

const texts = [
  '0',
  '1',
  '3',
  '0-1',
  'f',
  '00000001',
  '-1',
  '99',
  '0,2-3',
  '',
  '\n',
  ' 1 ',
  'x',
  '0x3\n',
  '1'.repeat(80),
];
/** Whose instances sysfs' bind and unbind take. */
const drivers = ['hv_netvsc', 'hv_storvsc', 'hv_utils', 'hv_pci', 'uio_hv_generic', 'hv_balloon'];
const netClass = 'f8615163-df3e-46c5-913f-f2d2f965ed0e';

/** A user reads or writes a file of the guest, or binds and unbinds a device. */
export function fileAct(guest: Guest, a: number, b: number, c: number): void {
  if (a % 3 === 0) bind(guest, b, c);
  else {
    const path = somePath(guest, b);
    if (path === undefined) return;
    if (a % 3 === 1) guest.fs.readFile(path);
    else guest.fs.writeFile(path, texts[c % texts.length]);
  }
}

function bind(guest: Guest, b: number, c: number): void {
  const { devices } = guest.vmbus.bus;
  const directory = `/sys/bus/vmbus/drivers/${drivers[c % drivers.length]}`;
  if (b % 8 === 0) {
    guest.fs.writeFile('/sys/bus/vmbus/drivers/uio_hv_generic/new_id', netClass);
    return;
  }
  const device = [...devices][(b >>> 4) % Math.max(1, devices.length)];
  const name = device?.channel.offer.instanceId ?? 'nothing';
  const own = device?.driver === undefined ? directory : `/sys/bus/vmbus/drivers/${device.driver.name}`;
  if (b % 4 === 0) guest.fs.writeFile(`${directory}/bind`, name);
  else if (b % 4 === 1) guest.fs.writeFile(`${directory}/unbind`, name);
  else guest.fs.writeFile(`${own}/${b % 4 === 2 ? 'unbind' : 'bind'}`, name);
}

/** A file that is found by going down from / by chance; undefined where that ends without one. */
function somePath({ fs }: Guest, b: number): string | undefined {
  let path = '';
  let choice = b;
  for (let depth = 0; depth < 12; depth++) {
    const names = fs.readdir(path || '/');
    if (names.length === 0) return undefined;
    choice = Math.imul(choice ^ (choice >>> 15), 0x2c1b3c6d) >>> 0;
    path = `${path}/${names[choice % names.length]}`;
    const { kind } = fs.stat(path);
    if (kind === 'file') return path;
  }
  return undefined;
}
