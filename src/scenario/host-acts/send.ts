import { z } from 'zod';
import type { HostActKind } from './host-act.js';

export interface Send {
  readonly kind: 'send';
  readonly bytes: Uint8Array;
}

const text = 'bytes in hexadecimal such as "0200000000000000 0d000000", at most 240';

export const send: HostActKind<Send> = {
  kind: 'send',
  value: z
    .string({ error: text })
    .regex(/^\s*([0-9a-fA-F]{2}\s*){0,240}$/, { error: text })
    .transform(
      (hex): Send => ({
        kind: 'send',
        bytes: Uint8Array.from(hex.match(/[0-9a-fA-F]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16)),
      }),
    )
    .describe('A control message, byte for byte'),
  perform: (host, { bytes }) => host.send(bytes),
};
