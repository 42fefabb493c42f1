// When a timer of the kernel goes off (kernel/time/timer.c, the timer wheel since 4.8): never early, and the later the
// further away it is.

/** Buckets of a level of the wheel, as bits (LVL_BITS), and by how many bits a level's clock is slower (LVL_CLK_SHIFT). */
const LEVEL_BITS = 6;
const CLOCK_SHIFT = 3;
/** Levels with HZ above 100 (LVL_DEPTH). */
const LEVELS = 9;

/** First distance in jiffies that `level` holds (LVL_START). */
function levelStart(level: number): number {
  return (2 ** LEVEL_BITS - 1) * 2 ** ((level - 1) * CLOCK_SHIFT);
}

/**
 * The jiffy at which a timer goes off that is set at jiffy `now` for `delay` jiffies later, 0 or more: the tick of its
 * level's clock behind the time that was asked for (calc_wheel_index). What is too far away for the wheel goes off at
 * its end.
 */
export function timerExpiry(now: number, delay: number): number {
  const last = LEVELS - 1;
  let level = 0;
  while (level < last && delay >= levelStart(level + 1)) level += 1;
  const granularity = 2 ** (level * CLOCK_SHIFT);
  const most = levelStart(LEVELS) - 2 ** (last * CLOCK_SHIFT);
  const expires = now + (delay >= levelStart(LEVELS) ? most : delay);
  return (Math.floor(expires / granularity) + 1) * granularity;
}
