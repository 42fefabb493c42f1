import { guid, int, u8, u16, u32, u64, uint } from '../trace/c-type.js';
import { lastFirst, rec, TraceEvent, type TraceFields } from '../trace/event.js';

// The tracepoints of drivers/hv (hv_trace.h).

/** An event whose text shows each field once, in the order of `shown`. */
function hyperv<F extends TraceFields>(
  name: string,
  fields: F,
  print: string,
  shown: readonly string[] = Object.keys(fields),
): TraceEvent<F> {
  return new TraceEvent('hyperv', name, fields, print, shown.map(rec));
}

const header = { msgtype: uint };
export const vmbusOnMsgDpc = hyperv('vmbus_on_msg_dpc', header, 'msgtype=%u');
export const vmbusOnMessage = hyperv('vmbus_on_message', header, 'msgtype=%u');

export const vmbusOnoffer = hyperv(
  'vmbus_onoffer',
  {
    child_relid: u32,
    monitorid: u8,
    is_ddc_int: u16,
    connection_id: u32,
    if_type: guid,
    if_instance: guid,
    chn_flags: u16,
    mmio_mb: u16,
    sub_idx: u16,
  },
  'child_relid 0x%x, monitorid 0x%x, is_dedicated %d, connection_id 0x%x, if_type %pUl, if_instance %pUl, chn_flags 0x%x, mmio_megabytes %d, sub_channel_index %d',
);

export const vmbusOnofferRescind = hyperv('vmbus_onoffer_rescind', { child_relid: u32 }, 'child_relid 0x%x');

export const vmbusOnopenResult = hyperv(
  'vmbus_onopen_result',
  { child_relid: u32, openid: u32, status: u32 },
  'child_relid 0x%x, openid %d, status %d',
);

export const vmbusOngpadlCreated = hyperv(
  'vmbus_ongpadl_created',
  { child_relid: u32, gpadl: u32, status: u32 },
  'child_relid 0x%x, gpadl 0x%x, creation_status %d',
);

export const vmbusOnmodifychannelResponse = hyperv(
  'vmbus_onmodifychannel_response',
  { child_relid: u32, status: u32 },
  'child_relid 0x%x, status %d',
);

export const vmbusOngpadlTorndown = hyperv('vmbus_ongpadl_torndown', { gpadl: u32 }, 'gpadl 0x%x');
export const vmbusOnversionResponse = hyperv('vmbus_onversion_response', { ver: u8 }, 'version_supported %d');
export const vmbusRequestOffers = hyperv('vmbus_request_offers', { ret: int }, 'sending ret %d');

export const vmbusOpen = hyperv(
  'vmbus_open',
  { child_relid: u32, openid: u32, gpadlhandle: u32, target_vp: u32, offset: u32, ret: int },
  'sending child_relid 0x%x, openid %d, gpadlhandle 0x%x, target_vp 0x%x, offset 0x%x, ret %d',
);

const relidAndRet = { child_relid: u32, ret: int };
export const vmbusCloseInternal = hyperv(
  'vmbus_close_internal',
  relidAndRet,
  'sending child_relid 0x%x, ret %d',
);

export const vmbusEstablishGpadlHeader = hyperv(
  'vmbus_establish_gpadl_header',
  { child_relid: u32, gpadl: u32, range_buflen: u16, rangecount: u16, ret: int },
  'sending child_relid 0x%x, gpadl 0x%x, range_buflen %d rangecount %d, ret %d',
);

export const vmbusEstablishGpadlBody = hyperv(
  'vmbus_establish_gpadl_body',
  { msgnumber: u32, gpadl: u32, ret: int },
  'sending msgnumber %d, gpadl 0x%x, ret %d',
);

export const vmbusTeardownGpadl = hyperv(
  'vmbus_teardown_gpadl',
  { child_relid: u32, gpadl: u32, ret: int },
  'sending child_relid 0x%x, gpadl 0x%x, ret %d',
);

export const vmbusNegotiateVersion = hyperv(
  'vmbus_negotiate_version',
  { ver: u32, target_vcpu: u32, ret: int, int_page: u64, mon_page1: u64, mon_page2: u64 },
  'sending vmbus_version_requested %d, target_vcpu 0x%x, pages %llx:%llx:%llx, ret %d',
  ['ver', 'target_vcpu', 'int_page', 'mon_page1', 'mon_page2', 'ret'],
);

export const vmbusReleaseRelid = hyperv(
  'vmbus_release_relid',
  relidAndRet,
  'sending child_relid 0x%x, ret %d',
);

export const vmbusSendTlConnectRequest = hyperv(
  'vmbus_send_tl_connect_request',
  { guest_id: guid, host_id: guid, ret: int },
  'sending guest_endpoint_id %pUl, host_service_id %pUl, ret %d',
);

export const vmbusSendModifychannel = hyperv(
  'vmbus_send_modifychannel',
  { child_relid: u32, target_vp: u32, ret: int },
  'binding child_relid 0x%x to target_vp 0x%x, ret %d',
);

const channel = { relid: u32 };
export const vmbusChanSched = hyperv('vmbus_chan_sched', channel, 'relid 0x%x');
export const vmbusSetevent = hyperv('vmbus_setevent', channel, 'relid 0x%x');
export const vmbusOnEventTrace = hyperv('vmbus_on_event', channel, 'relid 0x%x');

/** All of the group. */
export const hypervEvents = lastFirst([
  vmbusOnMsgDpc,
  vmbusOnMessage,
  vmbusOnoffer,
  vmbusOnofferRescind,
  vmbusOnopenResult,
  vmbusOngpadlCreated,
  vmbusOnmodifychannelResponse,
  vmbusOngpadlTorndown,
  vmbusOnversionResponse,
  vmbusRequestOffers,
  vmbusOpen,
  vmbusCloseInternal,
  vmbusEstablishGpadlHeader,
  vmbusEstablishGpadlBody,
  vmbusTeardownGpadl,
  vmbusNegotiateVersion,
  vmbusReleaseRelid,
  vmbusSendTlConnectRequest,
  vmbusSendModifychannel,
  vmbusChanSched,
  vmbusSetevent,
  vmbusOnEventTrace,
]);
