import type { ScenarioAction } from './action.js';
import { affinity } from './affinity.js';
import { connect } from './connect.js';
import { crash, kexec, panic } from './crash.js';
import { offline, online, plugCpu, unplugCpu } from './cpu.js';
import { channels, offer, rescind } from './devices.js';
import { print, read, write } from './files.js';
import { host, hostCount, refused, stimer0 } from './host.js';
import { ifdown, ifup, indirection } from './interface.js';
import { disable, enable, free, plug, queues, raise, request, synchronize, unplug, wake } from './lines.js';
import { modprobe, rmmod } from './modules.js';
import { coalesced, delivered, latency, lost, needless, waiting } from './numbers.js';
import { resume, shutdown, suspend } from './power.js';
import { count, signal } from './signals.js';
import { uio } from './uio.js';

/** irqlab's own actions, in the order in which they are listed to the user. */
export const builtinActions: readonly ScenarioAction[] = [
  offline,
  online,
  plugCpu,
  unplugCpu,
  affinity,
  write,
  read,
  offer,
  rescind,
  channels,
  indirection,
  ifdown,
  ifup,
  signal,
  raise,
  count,
  request,
  free,
  enable,
  disable,
  synchronize,
  wake,
  plug,
  unplug,
  queues,
  host,
  refused,
  hostCount,
  delivered,
  coalesced,
  lost,
  waiting,
  needless,
  latency,
  stimer0,
  suspend,
  resume,
  shutdown,
  panic,
  crash,
  kexec,
  rmmod,
  modprobe,
  connect,
  uio,
  print,
];
