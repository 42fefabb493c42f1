// Traces events of one's own beside the kernel's.
import { ContainerModule } from 'inversify';
import {
  type CType,
  either,
  Guest,
  type GuestTrace,
  guid,
  int,
  type PrintArgument,
  rec,
  str,
  symbol,
  symbolic,
  timeline,
  type TimelineEvent,
  TRACE_EVENT,
  type TraceContext,
  TraceEvent,
  type TraceFields,
  type TraceFormat,
  type TraceOptions,
  type TracePort,
  type TraceRecord,
  type TraceValues,
  text,
  u8,
  u16,
  u32,
  u64,
  uint,
} from 'irqlab';

const word: CType<number> = uint;
const fields = {
  device: guid,
  who: text,
  handler: symbol,
  level: int,
  kind: u8,
  port: u16,
  count: u32,
  bytes: u64,
  flag: word,
} satisfies TraceFields;
const shown: readonly PrintArgument[] = [
  rec('device'),
  str('who'),
  rec('handler'),
  rec('level'),
  symbolic('kind', ['read', 'write']),
  rec('port'),
  rec('count'),
  rec('bytes'),
  either('flag', 'on', 'off'),
];
const measured = new TraceEvent(
  'sensor',
  'sensor_measured',
  fields,
  '%pUl %s %ps %d %s %u %u %llx %s',
  shown,
);
const values: TraceValues<typeof fields> = {
  device: '00000001-0000-4000-8000-000000000000',
  who: 'probe',
  handler: 'sensor_isr',
  level: -3,
  kind: 1,
  port: 9,
  count: 7,
  bytes: 255,
  flag: 1,
};
const options: TraceOptions = { events: ['sensor:*'] };

/** What the event says in `trace`, and on which CPU it was. */
export function useTrace(): string {
  const module = new ContainerModule(({ bind }) => {
    bind(TRACE_EVENT).toConstantValue(measured.plain);
  });
  const vm = Guest.create({ cpus: 1 }, { modules: [module] });
  const trace: GuestTrace = vm.trace(options);
  const port: TracePort | undefined = vm.machine.tracePort;
  port?.emit(measured, values);
  const [record]: readonly TraceRecord[] = [...trace];
  const context: TraceContext = record;
  return `${measured.textOf(values)} on CPU ${context.cpu}`;
}

/** A trace as entries of Perfetto's viewer, and as the text of a file. */
export function drawn(trace: GuestTrace): { readonly names: readonly string[]; readonly sizeBytes: number } {
  const format: TraceFormat = 'chrome';
  const entries: readonly TimelineEvent[] = timeline([...trace]);
  return { names: entries.map(({ name }) => name), sizeBytes: trace.file(format).byteLength };
}
