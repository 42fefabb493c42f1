/** An access that a step makes, and what the step says of itself. Plain data. */
export interface UnannouncedAccess {
  readonly kind: 'read' | 'write';
  readonly file: string;
  readonly line: number;
  /** The function that the place is in, with the kernel's in parentheses where its comment names one. */
  readonly func: string;
  readonly lane: string;
  readonly context: string;
  /** The step within whose block the access is, e.g. "acquire desc->lock". */
  readonly step: string;
  /** What the step accesses as far as the explorer knows. */
  readonly announces: readonly string[];
}

/**
 * Two steps that touch the same place, one of them writing, though nothing that they announce orders them: reduction
 * takes them for independent, and may leave out the executions in which they come the other way round.
 */
export interface Unannounced {
  /** The place: object and property, element or entry. */
  readonly location: string;
  readonly first: UnannouncedAccess;
  readonly second: UnannouncedAccess;
  /** Which of them should have announced it, and by what. */
  readonly advice: string;
  /** True where they are in order, but states are told apart without this place (`fingerprint` of the model). */
  readonly isUnseen?: boolean;
}

/** The findings of several searches, each pair of places in the source once. */
export function mergeUnannounced(
  reports: readonly { readonly unannounced?: readonly Unannounced[] }[],
): readonly Unannounced[] {
  const merged = new Map<string, Unannounced>();
  for (const finding of reports.flatMap(({ unannounced = [] }) => unannounced)) {
    const key = keyOf(finding);
    if (!merged.has(key)) merged.set(key, finding);
  }
  return [...merged.values()];
}

function keyOf({ first, second }: Unannounced): string {
  return [first, second]
    .map(({ file, line }) => `${file}:${line}`)
    .sort()
    .join(' ');
}

/** As KCSAN reports a data race. */
export function unannouncedText({ location, first, second, advice, isUnseen = false }: Unannounced): string {
  const inWhich = [first.func, second.func].map((func) => func || 'the module').join(' / ');
  return [
    `BUG: ${isUnseen ? 'state outside the fingerprint' : 'unannounced access'} in ${inWhich}`,
    '',
    ...accessText(second),
    '',
    ...accessText(first),
    '',
    `location: ${location}`,
    `${advice}`,
    '',
  ].join('\n');
}

function accessText({ kind, file, line, func, lane, context, step, announces }: UnannouncedAccess): string[] {
  const said = announces.length === 0 ? 'nothing' : announces.join(', ');
  return [
    `${kind} by ${context} on ${lane}, in its step "${step}":`,
    `  ${func || 'the module'}  ${file}:${line}`,
    `  the step announces: ${said}`,
  ];
}
