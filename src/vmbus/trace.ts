import type { Machine } from '../machine/machine.js';
import type { TracePort } from '../trace/port.js';
import type { VmbusChannel } from './channel/channel.js';
import { CHANNELMSG, type ChannelMessage, type OfferChannel } from './protocol/channel-messages.js';
import {
  vmbusChanSched,
  vmbusCloseInternal,
  vmbusEstablishGpadlBody,
  vmbusEstablishGpadlHeader,
  vmbusNegotiateVersion,
  vmbusOnEventTrace,
  vmbusOngpadlCreated,
  vmbusOngpadlTorndown,
  vmbusOnMessage,
  vmbusOnmodifychannelResponse,
  vmbusOnMsgDpc,
  vmbusOnoffer,
  vmbusOnofferRescind,
  vmbusOnopenResult,
  vmbusOnversionResponse,
  vmbusOpen,
  vmbusReleaseRelid,
  vmbusRequestOffers,
  vmbusSendModifychannel,
  vmbusSendTlConnectRequest,
  vmbusSetevent,
  vmbusTeardownGpadl,
} from './trace-events.js';

/** A message is in a CPU's slot; its type is what it begins with (vmbus_on_msg_dpc). */
export function traceOnMsgDpc({ tracePort }: Machine, payload: Uint8Array): void {
  if (tracePort === undefined) return;
  const msgtype = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  tracePort.emit(vmbusOnMsgDpc, { msgtype });
}

/** An answer of the host is about to be looked at: each has a tracepoint of its own (drivers/hv/channel_mgmt.c). */
export function traceAnswer({ tracePort }: Machine, message: ChannelMessage): void {
  if (tracePort === undefined) return;
  switch (message.type) {
    case CHANNELMSG.OPENCHANNEL_RESULT: {
      const { childRelid: child_relid, openId: openid, status } = message;
      tracePort.emit(vmbusOnopenResult, { child_relid, openid, status });
      break;
    }
    case CHANNELMSG.GPADL_CREATED: {
      const { childRelid: child_relid, gpadl, creationStatus: status } = message;
      tracePort.emit(vmbusOngpadlCreated, { child_relid, gpadl, status });
      break;
    }
    case CHANNELMSG.GPADL_TORNDOWN:
      tracePort.emit(vmbusOngpadlTorndown, { gpadl: message.gpadl });
      break;
    case CHANNELMSG.VERSION_RESPONSE:
      tracePort.emit(vmbusOnversionResponse, { ver: Number(message.versionSupported) });
      break;
    case CHANNELMSG.MODIFYCHANNEL_RESPONSE: {
      const { childRelid: child_relid, status } = message;
      tracePort.emit(vmbusOnmodifychannelResponse, { child_relid, status });
      break;
    }
  }
}

/** The work of a message begins whose handler has no tracepoint (vmbus_onmessage). */
export function traceOnMessage({ tracePort }: Machine, msgtype: number): void {
  tracePort?.emit(vmbusOnMessage, { msgtype });
}

/** The work of an offer begins (vmbus_onmessage_work, vmbus_onoffer). */
export function traceOnoffer({ tracePort }: Machine, offer: OfferChannel): void {
  if (tracePort === undefined) return;
  tracePort.emit(vmbusOnMessage, { msgtype: offer.type });
  tracePort.emit(vmbusOnoffer, {
    child_relid: offer.childRelid,
    monitorid: offer.monitorId,
    is_ddc_int: Number(offer.isDedicatedInterrupt),
    connection_id: offer.connectionId,
    if_type: offer.classId,
    if_instance: offer.instanceId,
    chn_flags: offer.flags,
    mmio_mb: offer.mmioMegabytes,
    sub_idx: offer.subChannelIndex,
  });
}

/** The work of a rescind begins (vmbus_onmessage_work, vmbus_onoffer_rescind). */
export function traceOnofferRescind({ tracePort }: Machine, child_relid: number): void {
  if (tracePort === undefined) return;
  tracePort.emit(vmbusOnMessage, { msgtype: CHANNELMSG.RESCIND_CHANNELOFFER });
  tracePort.emit(vmbusOnofferRescind, { child_relid });
}

/** The guest has sent a message, or failed to with the errno `ret`: all but UNLOAD have a tracepoint behind that. */
export function traceSent({ tracePort }: Machine, message: ChannelMessage, ret: number): void {
  if (tracePort !== undefined) emitSent(tracePort, message, ret);
}

function emitSent(trace: TracePort, message: ChannelMessage, ret: number): void {
  switch (message.type) {
    case CHANNELMSG.REQUESTOFFERS:
      trace.emit(vmbusRequestOffers, { ret });
      break;
    case CHANNELMSG.OPENCHANNEL:
      trace.emit(vmbusOpen, {
        child_relid: message.childRelid,
        openid: message.openId,
        gpadlhandle: message.ringBufferGpadl,
        target_vp: message.targetVp,
        offset: message.downstreamPageOffset,
        ret,
      });
      break;
    case CHANNELMSG.CLOSECHANNEL:
      trace.emit(vmbusCloseInternal, { child_relid: message.childRelid, ret });
      break;
    case CHANNELMSG.GPADL_HEADER: {
      const { childRelid: child_relid, gpadl, rangeBufLen: range_buflen } = message;
      trace.emit(vmbusEstablishGpadlHeader, { child_relid, gpadl, range_buflen, rangecount: 1, ret });
      break;
    }
    case CHANNELMSG.GPADL_BODY:
      trace.emit(vmbusEstablishGpadlBody, { msgnumber: message.msgNumber, gpadl: message.gpadl, ret });
      break;
    case CHANNELMSG.GPADL_TEARDOWN:
      trace.emit(vmbusTeardownGpadl, { child_relid: message.childRelid, gpadl: message.gpadl, ret });
      break;
    case CHANNELMSG.INITIATE_CONTACT:
      trace.emit(vmbusNegotiateVersion, {
        ver: message.version,
        target_vcpu: message.targetVcpu,
        ret,
        int_page: message.interruptPage,
        mon_page1: message.monitorPage1,
        mon_page2: message.monitorPage2,
      });
      break;
    case CHANNELMSG.RELID_RELEASED:
      trace.emit(vmbusReleaseRelid, { child_relid: message.childRelid, ret });
      break;
    case CHANNELMSG.TL_CONNECT_REQUEST:
      trace.emit(vmbusSendTlConnectRequest, {
        guest_id: message.guestEndpointId,
        host_id: message.hostServiceId,
        ret,
      });
      break;
    case CHANNELMSG.MODIFYCHANNEL:
      trace.emit(vmbusSendModifychannel, {
        child_relid: message.childRelid,
        target_vp: message.targetVp,
        ret,
      });
      break;
  }
}

/** An event has found its channel (vmbus_chan_sched). */
export function traceChanSched({ tracePort }: Machine, channel: VmbusChannel): void {
  if (tracePort !== undefined) tracePort.emit(vmbusChanSched, { relid: channel.relid });
}

/** A channel's tasklet begins (vmbus_on_event). */
export function traceOnEvent({ machine: { tracePort }, relid }: VmbusChannel): void {
  if (tracePort !== undefined) tracePort.emit(vmbusOnEventTrace, { relid });
}

/** The host is about to be told of packets (vmbus_setevent). */
export function traceSetevent({ machine: { tracePort }, relid }: VmbusChannel): void {
  if (tracePort !== undefined) tracePort.emit(vmbusSetevent, { relid });
}
