import type * as BullMq from 'bullmq';
import type { Redis } from 'ioredis';
import { UsageError } from '../../command/usage-error.js';

/** All commands and workers of a Redis meet in this queue. */
export const QUEUE = 'irqlab';

/** How long a Redis may take to answer once it has been connected to. */
const PATIENCE_MS = 5000;

/** How Node calls what a CA has signed that it does not know. */
const ofUnknownCa = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** A Redis that answers, and BullMQ, by which it is a queue. */
export interface QueueServer {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  /** The address as messages show it, without the password. */
  readonly name: string;
  close(): Promise<void>;
}

/**
 * Connects to a Redis. Once it has answered, it may go away and come back.
 *
 * @param address redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS.
 * @param onTrouble is told in words when it goes away, and `undefined` when it is back.
 * @throws UsageError for another address, without the packages, or where no Redis answers.
 */
export async function connectQueue(
  address: string,
  onTrouble: (what: string | undefined) => void,
): Promise<QueueServer> {
  const name = nameOf(address);
  const { bullmq, Redis } = await loadPackages();
  const redis = new Redis(address, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, 1000),
  });
  let hasAnswered = false;
  let trouble: string | undefined;
  redis.on('error', ({ message }: Error) => {
    if (hasAnswered && trouble === undefined) onTrouble(message);
    trouble = message;
  });
  redis.on('ready', () => {
    if (hasAnswered && trouble !== undefined) onTrouble(undefined);
    hasAnswered = true;
    trouble = undefined;
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(trouble ?? 'no answer')), PATIENCE_MS);
    redis.once('error', reject);
  });
  try {
    await Promise.race([redis.ping(), tooLong]);
  } catch (error) {
    redis.disconnect();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `no Redis for --queue at ${name}: ${message}`,
      ofUnknownCa.has(code ?? '')
        ? 'The file of a CA of your own goes into the environment: NODE_EXTRA_CA_CERTS=ca.pem'
        : undefined,
    );
  } finally {
    clearTimeout(timer);
  }
  return {
    ...{ bullmq, redis, name },
    close: async () => {
      redis.disconnect();
    },
  };
}

/** What connectQueue's `onTrouble` is told, as a line. */
export function troubleText(what: string | undefined): string {
  return `irqlab: ${what === undefined ? 'Redis is back' : `Redis has gone (${what}); waiting for it`}\n`;
}

/** What is said where there is no worker. */
export function aloneText({ name }: QueueServer): string {
  return `irqlab: no worker takes anything yet; start some: irqlab worker --queue ${name}\n`;
}

function nameOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '')
    throw new UsageError(
      '--queue is no address of a Redis',
      'Expected redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS.',
    );
  return `${url.protocol}//${url.host}${url.pathname}`;
}

async function loadPackages(): Promise<{ bullmq: typeof BullMq; Redis: typeof Redis }> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, Redis };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(
      '--queue needs the packages bullmq and ioredis, which are not installed beside irqlab',
      'Install them: npm install bullmq ioredis',
    );
  }
}
