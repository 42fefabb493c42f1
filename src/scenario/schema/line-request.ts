import { z } from 'zod';
import { requestFlagNames } from '../../devices/line/request-flags.js';
import type { LineHandlerOptions } from '../options/line-request.js';
import { bool, duration } from './notations.js';
import { inOptions } from './option-form.js';
import { list, word } from './shapes.js';

const thread = inOptions(
  word(['beside', 'alone']),
  z.union([bool, z.literal('alone')], { error: 'true, false or "alone"' }),
);

const flag = z.enum(requestFlagNames, { error: 'a flag of request_irq such as IRQF_SHARED' });

/** How the driver of a device outside VMBus answers, and how it requests: keys of a mapping. */
export const handlerKeys = {
  flags: list('a list such as [IRQF_SHARED]', flag)
    .optional()
    .describe('Flags of the request; default: IRQF_SHARED for a line with several names, else none'),
  answers: word(['handled', 'none'])
    .optional()
    .describe(
      'none: the driver takes no interrupt for its own and leaves the device as it is; default handled',
    ),
  thread: thread
    .optional()
    .describe(
      'The device is served in a thread, beside a handler that wakes it or without one; default: none',
    ),
  cost: duration
    .optional()
    .describe('How long the handler keeps its CPU from the next interrupt; default 0s'),
  threadCost: duration.optional().describe('How long the thread takes for one run; default 0s'),
};

type HandlerKeys = { readonly [Key in keyof typeof handlerKeys]?: z.output<(typeof handlerKeys)[Key]> };

/** The keys as options. */
export function handlerOptions({
  flags,
  answers,
  thread,
  cost,
  threadCost,
}: HandlerKeys): LineHandlerOptions {
  return {
    ...(flags && { flags }),
    ...(answers && { answers }),
    ...(thread && { thread: thread === 'alone' ? ('alone' as const) : true }),
    ...(cost !== undefined && { costNs: cost }),
    ...(threadCost !== undefined && { threadCostNs: threadCost }),
  };
}
