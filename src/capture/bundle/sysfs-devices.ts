import type { LsvmbusChannel, LsvmbusDevice } from '../lsvmbus.js';
import { channelFigures, ringBytes } from './channel-figures.js';
import { counted } from '../../lib/counted.js';
import type { FindingList } from './findings.js';
import type { MachineFiles } from './machine-files.js';

const DEVICES = '/sys/bus/vmbus/devices';
const MAX_RELID = 2047;
const MAX_CPU = 8191;

/** The VMBus devices of a machine's sysfs, by the relids of their primary channels; undefined if it has no VMBus. */
export function vmbusDevices(files: MachineFiles, findings: FindingList): LsvmbusDevice[] | undefined {
  const names = files.list(DEVICES);
  if (names.length === 0) return undefined;
  const devices: LsvmbusDevice[] = [];
  const taken = new Set<number>();
  for (const name of names) {
    const device = deviceIn(files, `${DEVICES}/${name}`, name);
    const relids = device?.channels.map(({ relid }) => relid) ?? [];
    if (device === undefined || relids.some((relid) => taken.has(relid))) {
      findings.leave(
        `VMBus device ${name}`,
        `${DEVICES}/${name}: no class_id or id, or a relid that another has`,
      );
      continue;
    }
    for (const relid of relids) taken.add(relid);
    devices.push(device);
  }
  const channels = devices.reduce((sum, one) => sum + one.channels.length, 0);
  findings.take(
    `${counted(devices.length, 'VMBus device')}, ${counted(channels, 'channel')}`,
    `${DEVICES}/*`,
  );
  return devices.toSorted((a, b) => a.relid - b.relid);
}

function deviceIn(files: MachineFiles, path: string, name: string): LsvmbusDevice | undefined {
  const classId = guidIn(files.line(`${path}/class_id`));
  const primary = files.number(`${path}/id`);
  if (classId === undefined || !isRelid(primary)) return undefined;
  const host = files.list(path).find((entry) => /^host\d+$/.test(entry));
  return {
    relid: primary,
    description: files.linkName(`${path}/driver`) ?? '',
    classId,
    instance: guidIn(files.line(`${path}/device_id`)) ?? guidIn(name),
    channels: channelsIn(files, path, primary),
    ...(host !== undefined && { scsiHost: Number(host.slice(4)) }),
  };
}

/**
 * Sub-channels come in the order of their numbers, which they are offered in. The primary channel's directory keeps its name
 * when the relid changes, as it does with hibernation.
 */
function channelsIn(files: MachineFiles, path: string, primary: number): LsvmbusChannel[] {
  const all = files.list(`${path}/channels`).flatMap((name) => {
    const relid = Number(name);
    const channel = `${path}/channels/${name}`;
    const targetCpu = files.number(`${channel}/cpu`) ?? 0;
    if (!/^\d+$/.test(name) || !isRelid(relid) || targetCpu < 0 || targetCpu > MAX_CPU) return [];
    const index = relid === primary ? -1 : (files.number(`${channel}/subchannel_id`) ?? relid);
    const figures = channelFigures(files, channel);
    if (index > 0) return [{ relid, targetCpu, index, figures }];
    const ring = ringBytes(files, path);
    if (ring !== undefined) figures.set('bytes of the ring to the host', ring);
    return [{ relid: primary, targetCpu, index: -1, figures }];
  });
  if (!all.some(({ relid }) => relid === primary))
    all.push({ relid: primary, targetCpu: 0, index: -1, figures: new Map() });
  return all
    .sort((a, b) => a.index - b.index || a.relid - b.relid)
    .map(({ relid, targetCpu, figures }) => ({ relid, targetCpu, figures }));
}

function isRelid(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= MAX_RELID;
}

function guidIn(text: string | undefined): string | undefined {
  return /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i.exec(text ?? '')?.[1]?.toLowerCase();
}
