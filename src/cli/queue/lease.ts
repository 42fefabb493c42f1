import type { Redis } from 'ioredis';

/** Who is not heard of for so long has gone. */
const LEASE_MS = 10_000;
const RENEWED_EACH_MS = LEASE_MS / 5;

/** Says in a Redis that somebody still waits for the jobs that it has put there. */
export class Lease {
  private readonly renewing: NodeJS.Timeout;
  private isRenewing = false;

  constructor(
    private readonly redis: Redis,
    private readonly owner: string,
  ) {
    this.renew();
    this.renewing = setInterval(() => this.renew(), RENEWED_EACH_MS);
  }

  async release(): Promise<void> {
    clearInterval(this.renewing);
    await this.redis.del(keyOf(this.owner));
  }

  /** What is asked of a Redis that is away is done once it is back, so that once is enough. */
  private renew(): void {
    if (this.isRenewing) return;
    this.isRenewing = true;
    this.redis
      .set(keyOf(this.owner), 1, 'PX', LEASE_MS)
      .catch(() => {})
      .finally(() => {
        this.isRenewing = false;
      });
  }
}

/** Whether somebody waits for the jobs of an owner. */
export async function isAwaited(redis: Redis, owner: string): Promise<boolean> {
  return (await redis.exists(keyOf(owner))) === 1;
}

function keyOf(owner: string): string {
  return `irqlab:owner:${owner}`;
}
