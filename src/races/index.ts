import { affinityWriters } from './affinity-writers.js';
import { affinityVsOffline } from './affinity-vs-offline.js';
import { closeVsAffinity } from './close-vs-affinity.js';
import { channelLifetime } from './channel-lifetime.js';
import { freeInFlight } from './free-in-flight.js';
import { levelIrqfd } from './level-irqfd.js';
import { netpollDisable } from './netpoll-disable.js';
import { managedShutdown } from './managed-shutdown.js';
import { mappingCreate } from './mapping-create.js';
import { modchanCount } from './modchan-count.js';
import { modchanOffline } from './modchan-offline.js';
import { moveVsClose } from './move-vs-close.js';
import { freeSharedThread } from './free-shared-thread.js';
import { oneshotMove } from './oneshot-move.js';
import { threadStart } from './thread-start.js';
import { offerVsRescind } from './offer-vs-rescind.js';
import { openFirstInterrupt } from './open-first-interrupt.js';
import { netvscChannels } from './netvsc-channels.js';
import { netvscProbe } from './netvsc-probe.js';
import { openVsOffline } from './open-vs-offline.js';
import { percpuListWalk } from './percpu-list-walk.js';
import type { Race } from './race.js';
import { registerIrqProc } from './register-irq-proc.js';
import { relidMap } from './relid-map.js';
import { relidPublish } from './relid-publish.js';
import { rescindVsAffinity } from './rescind-vs-affinity.js';
import { rescindReuse } from './rescind-reuse.js';
import { ringEmptySignal } from './ring-empty-signal.js';
import { ringFullWakeup } from './ring-full-wakeup.js';
import { secondConnection } from './second-connection.js';
import { softwareResend } from './software-resend.js';
import { statDoubleCount } from './stat-double-count.js';
import { uioMask } from './uio-mask.js';

export type { Race, RaceVariant, RaceVerdict } from './race.js';

/** All races, in the order in which they are listed. */
export const races: readonly Race[] = [
  relidMap,
  relidPublish,
  secondConnection,
  channelLifetime,
  offerVsRescind,
  percpuListWalk,
  ringFullWakeup,
  ringEmptySignal,
  modchanOffline,
  affinityVsOffline,
  statDoubleCount,
  rescindReuse,
  openFirstInterrupt,
  levelIrqfd,
  moveVsClose,
  freeInFlight,
  netpollDisable,
  oneshotMove,
  threadStart,
  freeSharedThread,
  mappingCreate,
  registerIrqProc,
  softwareResend,
  managedShutdown,
  modchanCount,
  affinityWriters,
  closeVsAffinity,
  rescindVsAffinity,
  openVsOffline,
  uioMask,
  netvscChannels,
  netvscProbe,
];
