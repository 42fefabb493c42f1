import { GpadlAssembly } from '../vmbus/gpadl.js';
import {
  CHANNELMSG,
  type GpadlBody,
  type GpadlCreated,
  type GpadlHeader,
} from '../vmbus/protocol/channel-messages.js';

/** Status of what the host cannot do. */
export const STATUS_UNSUCCESSFUL = 0xc0000001;

/** The guest's memory that the host knows of: its GPADLs, by handle. */
export class HostGpadls {
  private readonly assemblies = new Map<number, GpadlAssembly>();

  /** Adds what one message says of a GPADL. Returns the answer to all of its messages once it can be given. */
  add(message: GpadlHeader | GpadlBody): GpadlCreated | undefined {
    let assembly: GpadlAssembly | undefined;
    if (message.type === CHANNELMSG.GPADL_HEADER) {
      assembly = new GpadlAssembly(message);
      this.assemblies.set(message.gpadl, assembly);
    } else {
      assembly = this.assemblies.get(message.gpadl);
      assembly?.add(message);
    }
    if (assembly === undefined) return undefined;
    const { childRelid, gpadl, error } = assembly;
    if (!assembly.isComplete && error === undefined) return undefined;
    return {
      type: CHANNELMSG.GPADL_CREATED,
      childRelid,
      gpadl,
      creationStatus: error === undefined ? 0 : STATUS_UNSUCCESSFUL,
    };
  }

  /** Numbers of a GPADL's pages; undefined if there is none with this handle, or not all of it. */
  pages(gpadl: number): readonly number[] | undefined {
    return this.assemblies.get(gpadl)?.pfns;
  }

  clear(): void {
    this.assemblies.clear();
  }

  remove(gpadl: number): void {
    this.assemblies.delete(gpadl);
  }
}
