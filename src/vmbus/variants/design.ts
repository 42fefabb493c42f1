/**
 * Designs that the mail threads weigh, by axis; the first of each is the default, what the RFC proposes or Linux does.
 * index.ts has the class of each.
 */
export const designChoices = {
  /** How an event finds its channel. */
  relidMap: ['irqdomain', 'array', 'percpu-list', 'irqdomain-redirect', 'irqdomain-global'],
  /** How the top level of VMBus interrupts is counted. */
  topLevel: ['percpu-demux', 'percpu', 'percpu-nostat-visible', 'percpu-nostat-hidden'],
  /** When a channel's memory goes. */
  lifetime: ['rescind-ref', 'free-unconditionally', 'get-put', 'get-put-completed', 'get-put-open'],
  /** Who waits for the host when a channel moves. */
  modifyChannel: ['wait-on-offline', 'wait-in-setter', 'no-wait', 'fixed-sleep'],
  /** What keeps channels from CPUs that go offline. */
  offlineGuard: ['flag-and-lock', 'flag', 'none'],
  /** Which CPUs of a node count as free for a new channel. */
  freeCpus: ['online', 'exclusive-or'],
  /** Which offers make channels. */
  offerFilter: ['drop-unsupported', 'keep-unsupported'],
  /** What becomes of channels whose CPU is to go offline. */
  offlinePolicy: ['refuse', 'migrate', 'rfc-idea'],
  /** Order of the reader's accesses to a ring. */
  ringOrder: [
    'read-pending-write',
    'pending-first',
    'write-first',
    'no-barrier',
    'signal-always',
    'exactly-full-is-enough',
    'no-second-look',
  ],
  /** What the guest does about full rings. */
  flowControl: ['pending-send-sz', 'polling'],
  /** When a channel's callback is set. */
  openOrder: ['callback-first', 'ignore-until-open-result'],
  /** What netvsc calls the interrupts of its channels. */
  netvscNames: ['netvsc', 'netdev-at-open', 'netdev-when-known'],
  /** As whom KVM's irqfds with resampling assert a line, and when that ends; src/kvm has the classes. */
  irqfdSource: [
    'shared-id-under-lock',
    'shared-id-unregister-outside',
    'shared-id-lock-dropped',
    'shared-id-under-irq-lock',
    'own-id',
  ],
} as const;

/** What designs differ in. */
export type DesignAxis = keyof typeof designChoices;

/** A choice on each axis. */
export type VmbusDesign = { readonly [Axis in DesignAxis]: (typeof designChoices)[Axis][number] };

/** What the RFC proposes, and today's Linux where it proposes nothing. */
export const defaultDesign: VmbusDesign = {
  relidMap: 'irqdomain',
  topLevel: 'percpu-demux',
  lifetime: 'rescind-ref',
  modifyChannel: 'wait-on-offline',
  offlineGuard: 'flag-and-lock',
  freeCpus: 'online',
  offerFilter: 'drop-unsupported',
  offlinePolicy: 'refuse',
  ringOrder: 'read-pending-write',
  flowControl: 'pending-send-sz',
  openOrder: 'callback-first',
  netvscNames: 'netvsc',
  irqfdSource: 'shared-id-under-lock',
};

/** @throws TypeError for an axis that there is not, RangeError for a choice that its axis has not. */
export function checkDesignNames(design: Readonly<Record<string, unknown>>): void {
  const axes: Readonly<Record<string, readonly string[]>> = designChoices;
  for (const [axis, name] of Object.entries(design)) {
    if (!Object.hasOwn(axes, axis))
      throw new TypeError(`design: there is no axis "${axis}", only ${Object.keys(axes).join(', ')}`);
    if (name === undefined || axes[axis].includes(String(name))) continue;
    throw new RangeError(`design.${axis}: expected one of ${axes[axis].join(', ')}, not "${String(name)}"`);
  }
}

/** Why the choices do not go together; undefined if they do. */
export function designProblem({
  relidMap,
  topLevel,
}: {
  readonly relidMap?: string;
  readonly topLevel?: string;
}): string | undefined {
  // Of a map from outside only its making tells whether it has an irqdomain.
  if (relidMap !== 'array' && relidMap !== 'percpu-list') return undefined;
  if (topLevel !== 'percpu-nostat-visible' && topLevel !== 'percpu-nostat-hidden') return undefined;
  return `top level ${topLevel} gives control messages an IRQ of the irqdomain that relid map ${relidMap} does not have`;
}
