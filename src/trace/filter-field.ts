import type { CType } from './c-type.js';
import type { TraceEvent } from './event.js';
import type { FilteredEvent } from './filtered-event.js';

/** What a filter compares. */
export interface FilterField {
  readonly type: CType;
  readonly isText: boolean;
  /** It is the CPU that an event happens on, no field of the event. */
  readonly isCpu: boolean;
  readonly value: (event: FilteredEvent) => unknown;
}

const commonValues: Readonly<Record<string, FilterField['value']>> = {
  common_flags: ({ flags }) => flags,
  common_preempt_count: ({ preemptDepth }) => preemptDepth,
  common_pid: ({ pid }) => pid,
};
const cpu: FilterField = {
  type: { name: 'int', size: 4, align: 4, signed: true },
  isText: false,
  isCpu: true,
  value: (event) => event.cpu,
};
const comm: FilterField = {
  type: { name: 'char *', size: 8, align: 8, signed: false },
  isText: true,
  isCpu: false,
  value: (event) => event.comm,
};
/** What can be asked of all events without being a field of any (trace_define_generic_fields). */
const genericFields: Readonly<Record<string, FilterField | undefined>> = {
  CPU: cpu,
  cpu,
  common_cpu: cpu,
  COMM: comm,
  comm,
};

/**
 * The field of an event that a filter calls `name`; the event's own come before those that each has
 * (trace_find_event_field).
 *
 * @param id of the event.
 */
export function filterField(event: TraceEvent, name: string, id: number): FilterField | undefined {
  const type = event.fields.find((known) => known.name === name)?.type;
  if (type === undefined) return Object.hasOwn(genericFields, name) ? genericFields[name] : undefined;
  const value = name === 'common_type' ? () => id : (commonValues[name] ?? ownValue(name));
  return { type, isText: type.name.includes('char['), isCpu: false, value };
}

function ownValue(name: string): FilterField['value'] {
  return ({ values }) => (values as Readonly<Record<string, unknown>>)[name];
}
