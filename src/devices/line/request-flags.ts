import * as action from '../../irq/data/irqaction.js';

/** Flags of a request by the kernel's names (include/linux/interrupt.h). */
export const requestFlags = {
  IRQF_TRIGGER_RISING: action.IRQF_TRIGGER_RISING,
  IRQF_TRIGGER_FALLING: action.IRQF_TRIGGER_FALLING,
  IRQF_TRIGGER_HIGH: action.IRQF_TRIGGER_HIGH,
  IRQF_TRIGGER_LOW: action.IRQF_TRIGGER_LOW,
  IRQF_SHARED: action.IRQF_SHARED,
  IRQF_PROBE_SHARED: action.IRQF_PROBE_SHARED,
  IRQF_TIMER: action.IRQF_TIMER,
  IRQF_NOBALANCING: action.IRQF_NOBALANCING,
  IRQF_IRQPOLL: action.IRQF_IRQPOLL,
  IRQF_ONESHOT: action.IRQF_ONESHOT,
  IRQF_NO_SUSPEND: action.IRQF_NO_SUSPEND,
  IRQF_FORCE_RESUME: action.IRQF_FORCE_RESUME,
  IRQF_NO_THREAD: action.IRQF_NO_THREAD,
  IRQF_EARLY_RESUME: action.IRQF_EARLY_RESUME,
  IRQF_COND_SUSPEND: action.IRQF_COND_SUSPEND,
  IRQF_NO_AUTOEN: action.IRQF_NO_AUTOEN,
  IRQF_NO_DEBUG: action.IRQF_NO_DEBUG,
  IRQF_COND_ONESHOT: action.IRQF_COND_ONESHOT,
} as const;

/** A flag of request_irq, by the kernel's name. */
export type RequestFlag = keyof typeof requestFlags;

/** The names of the flags. */
export const requestFlagNames = Object.keys(requestFlags) as RequestFlag[];

/** Several flags as one word. @throws RangeError for a name that no flag has. */
export function flagsOf(names: readonly RequestFlag[]): number {
  return names.reduce((word, name) => {
    const flag = requestFlags[name];
    if (flag === undefined)
      throw new RangeError(`there is no flag ${name}; there are ${requestFlagNames.join(' ')}`);
    return word | flag;
  }, 0);
}
