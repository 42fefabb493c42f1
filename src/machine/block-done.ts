import type { CpuId } from '../lib/brand.js';
import type { Machine } from './machine.js';
import { Tasklet } from './tasklet.js';

/** A request of a block device that its driver has taken as done. */
export interface DoneRequest {
  /** CPU that submitted it. */
  readonly cpu: CpuId;
  /** Hardware queues of its device. */
  readonly hwQueues: number;
  /** Ends it. */
  end(): void;
}

/** Requests that a CPU ends in its BLOCK softirq (blk_cpu_done). */
interface DoneList {
  readonly softirq: Tasklet;
  requests: DoneRequest[];
}

/**
 * Where block requests end that a driver has taken as done: at once, on the CPU that does, but on the CPU that submitted
 * them if it shares no cache with this one, and in a softirq if the device has one hardware queue only (block/blk-mq.c
 * blk_mq_complete_request).
 */
export class BlockDone {
  private readonly lists: (DoneList | undefined)[] = [];

  /** @param sendsIpis false where handlers are forced into threads. */
  constructor(
    private readonly machine: Machine,
    private readonly sendsIpis: boolean,
  ) {}

  /** Ends the request, now or soon. */
  complete(request: DoneRequest): void {
    if (this.needsIpi(request)) this.raise(request.cpu, request);
    else if (request.hwQueues === 1) this.raise(this.machine.thisCpu, request);
    else request.end();
  }

  /** blk_mq_complete_need_ipi; the CPUs of a package share a cache (cpus_share_cache). */
  private needsIpi({ cpu }: DoneRequest): boolean {
    const { online, thisCpu, topology } = this.machine;
    if (!this.sendsIpis || cpu === thisCpu) return false;
    return topology.package[cpu] !== topology.package[thisCpu] && online.has(cpu);
  }

  private raise(cpu: CpuId, request: DoneRequest): void {
    const list = this.lists[cpu] ?? newList();
    this.lists[cpu] = list;
    list.requests.push(request);
    this.machine.cpus[cpu].taskletSchedule(list.softirq);
  }
}

function newList(): DoneList {
  const list: DoneList = {
    softirq: new Tasklet('blk_done_softirq', () => completeAll(list), undefined, 'BLOCK'),
    requests: [],
  };
  return list;
}

/** blk_complete_reqs */
function completeAll(list: DoneList): void {
  const { requests } = list;
  list.requests = [];
  for (const request of requests) request.end();
}
