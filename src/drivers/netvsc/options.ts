/** Sizes of what an adapter shares with the host, in pages. */
export interface NetvscPages {
  /** Of each ring, its header included (the module's parameter ring_size). */
  readonly ring: number;
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
}

/** Unless the module's parameter says otherwise: 512 KiB of data and the header; 16 MiB; 1 MiB in whole sections of 6144 bytes. */
export const defaultPages: NetvscPages = { ring: 129, receiveBuffer: 4096, sendBuffer: 255 };

/** How netvsc could be otherwise than Linux has it. */
export interface NetvscOptions {
  /** How the work that opens sub-channels gets RTNL; default: it tries, and is queued again if it cannot have it. */
  readonly subchanWork?: 'tries-for-rtnl' | 'waits-for-rtnl';
  /** What ends the waits for the host when it takes the adapter back: its rescind, or nothing, as in Linux; default. */
  readonly waits?: 'end-with-rescind' | 'for-ever';
  readonly pages?: NetvscPages;
}
