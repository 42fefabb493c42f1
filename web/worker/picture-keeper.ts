import { type Guest, MachinePicture, type PictureFrame } from 'irqlab/browser';
import type { Look, PictureSeen } from './protocol.js';

/** The frame of the picture is made anew so often, in ms, and no more than a part of the time goes into that. */
const FRAME_MS = 200;
const MOST_PART = 1 / 20;

/** The picture of a guest: its counters at each look, its frame when that has changed. */
export class PictureKeeper {
  private readonly picture: MachinePicture;
  private frame: PictureFrame;
  private text: string;
  private version = 1;
  private nextMs = 0;

  constructor(guest: Guest) {
    this.picture = new MachinePicture(guest);
    this.frame = this.picture.frame();
    this.text = JSON.stringify(this.frame);
  }

  /** Something was done to the guest: the next look makes the frame anew. */
  refresh(): void {
    this.nextMs = 0;
  }

  seen({ window, version, row }: NonNullable<Look['picture']>): PictureSeen {
    this.follow();
    const { picture, frame } = this;
    const isInside = row >= window.firstRow && row < window.firstRow + window.rows;
    const other = isInside ? [] : picture.channels({ firstRow: row, rows: 1 });
    return {
      version: this.version,
      ...(version !== this.version && { frame }),
      window,
      counts: picture.counts(window),
      totals: picture.totals(window),
      channels: [...picture.channels(window), ...other],
    };
  }

  private follow(): void {
    const beginMs = performance.now();
    if (beginMs < this.nextMs) return;
    const frame = this.picture.frame();
    const text = JSON.stringify(frame);
    if (text !== this.text) {
      this.frame = frame;
      this.text = text;
      this.version += 1;
    }
    const endMs = performance.now();
    this.nextMs = endMs + Math.max(FRAME_MS, (endMs - beginMs) / MOST_PART);
  }
}
