// A user who names the types of what they give and get.
import {
  type Architecture,
  type ArchitectureRowOptions,
  type ChannelOptions,
  type CpuCounts,
  type CpuOptions,
  type CrashReport,
  type DesignSetting,
  type Diagnostic,
  type DirectoryEntry,
  type DisableWait,
  type DiskIoOptions,
  type FileStat,
  type FrameOptions,
  Guest,
  type GuestOptions,
  type Hang,
  type HostOptions,
  type HostTotalName,
  type HostTotals,
  HungError,
  type InterruptOptions,
  type InterruptsView,
  type JsonFormat,
  type JsonHead,
  jsonVersions,
  type KernelVersion,
  type KvmGuestOptions,
  type LineRequestOptions,
  type LogLine,
  type MisbehaveRule,
  type NextKernelOptions,
  type OpenFile,
  type PanicOptions,
  type ParameterValues,
  parseScenario,
  type PciDeviceOptions,
  type PciDriverName,
  type Place,
  type Printout,
  type ProcInterruptsOptions,
  type Refusal,
  type RemappingKind,
  type RingName,
  type RingPlace,
  runScenario,
  runScenarioOn,
  type ScenarioGuest,
  type ScenarioLanguage,
  type ScenarioLines,
  ScenarioError,
  type ScenarioRun,
  type SignalStats,
  type SignalTally,
  type UioDeed,
  type WaitingContext,
  type WorkloadItem,
} from 'irqlab';
import type { json } from 'irqlab/types';

const kernel: KernelVersion = '6.18';
const arch: Architecture = 'x86_64';
const interruptRemapping: RemappingKind = 'none';
const cpus: CpuOptions = { present: 4 };
const design: DesignSetting = 'rfc';
const host: HostOptions = { sockets: [7] };
const line: InterruptOptions = { irq: 8, chip: 'IO-APIC', flow: 'edge', name: 'rtc0' };
const device: PciDriverName = 'nvme';
const pci: PciDeviceOptions = { driver: device };
const kvm: KvmGuestOptions = { devices: [] };
const moduleParameters: ParameterValues = {};
const counts: CpuCounts = [1, 2, 3, 4];
const channels: readonly ChannelOptions[] = [{ relid: 8, cpu: 1, counts }];
const rows: readonly ArchitectureRowOptions[] = [{ label: 'HYP', text: 'Hypervisor callback interrupts' }];
const procInterrupts: ProcInterruptsOptions = {};

const options: GuestOptions = {
  kernel,
  arch,
  interruptRemapping,
  cpus,
  design,
  host,
  interrupts: [line],
  pci: [pci],
  kvm,
  moduleParameters,
  channels,
  architectureRows: rows,
  procInterrupts,
  devices: [
    { driver: 'netvsc', relid: 8 },
    { driver: 'storvsc', relid: 9 },
  ],
};

/** What a guest looks like from outside, by the types of its parts. */
export function lookAtGuest(): string {
  const vm = Guest.create(options);
  const first: LogLine | undefined = vm.log[0];
  const view: InterruptsView = vm.interrupts;
  const entries: readonly DirectoryEntry[] = vm.fs.entries('/proc/irq');
  const stat: FileStat = vm.fs.stat('/proc/interrupts');
  const file: OpenFile = vm.fs.open('/proc/interrupts', 'read');
  const totals: HostTotals = vm.host.totals;
  const name: HostTotalName = 'signalled';
  const refused: ReadonlyMap<Refusal, number> = vm.refused();
  const hangs: readonly WaitingContext[] = vm.hangs();
  const crashes: readonly CrashReport[] = vm.host.crashes;
  const facts = [first, view, stat, file, totals[name], refused.size === 0];
  if (facts.some((fact) => fact === undefined || fact === false)) throw new Error('a guest looks otherwise');
  if (hangs.length > 0) throw new HungError(hangs[0].comm, 'nothing', 'the guest hangs', hangs);
  return `${entries.length > 3}, ${crashes.length} crashes`;
}

/** Deeds of drivers, programs and the host, as an action of one's own does them. */
export function deeds(guest: ScenarioGuest): string {
  const lines: ScenarioLines = guest.lines;
  const request: LineRequestOptions = { name: 'second', flags: ['IRQF_SHARED'] };
  const wait: DisableWait = 'nosync';
  lines.disable(8, wait);
  lines.enable(8);
  const io: DiskIoOptions = {
    submitter: 0,
    cpus: undefined,
    bytes: 512,
    isWrite: false,
    completed: () => {},
  };
  const frame: FrameOptions = { direction: 'rx', flow: 1, bytes: 60 };
  const done = [guest.submitIo(9, io), guest.frame(8, frame)];
  const deed: UioDeed = 'open';
  const stats: SignalStats | undefined = guest.stats;
  const ring: RingName = 'toGuest';
  const place: RingPlace = 'readIndex';
  const rule: MisbehaveRule = { what: 'signal', relid: 8, deed: 'drop' };
  guest.host.misbehave(rule);
  const next: NextKernelOptions = { cmdline: 'quiet' };
  guest.kexec(next);
  const reason: PanicOptions = { reason: 'the end' };
  guest.panic(reason);
  return `${done.join(' ')}, ${request.name}, ${deed}, ${ring} ${place}, ${stats === undefined}`;
}

/** What is wrong with a scenario, and what comes of it. */
export function scenarioParts(text: string, language?: ScenarioLanguage): string {
  try {
    const scenario = parseScenario(text, 'own.yaml', language);
    const items: readonly WorkloadItem[] = scenario.workload;
    const result = runScenarioOn(Guest.create(scenario.guest), scenario);
    const [printed]: readonly Printout[] = result.printouts;
    const hangs: readonly Hang[] = result.hangs;
    const [tally]: readonly Readonly<SignalTally>[] = result.workload;
    return `${items.length} items, ${tally.sent} sent, ${hangs.length} hangs, ${printed.path}`;
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const [{ place, message }]: readonly Diagnostic[] = error.diagnostics;
    const where: Place = place;
    return `${where.line}: ${message}`;
  }
}

/** What comes of a scenario file, without the plug-in that its devices want. */
function fileRun(): string {
  const { guest, ok, steps }: ScenarioRun = runScenario('examples/plugin-driver/sensor.yaml');
  return `${steps.length} steps, ${ok}, CPU 0 online: ${guest.cpu(0).isOnline}`;
}

/** True for what a command prints with --json that this reader knows. */
function isKnown(text: string, name: JsonFormat): boolean {
  const { format, version } = JSON.parse(text) as JsonHead;
  return format === `irqlab-${name}` && version === jsonVersions[name];
}

export function useNames(): string[] {
  const run: Pick<json.RunJson, 'format' | 'version'> = { format: 'irqlab-run', version: jsonVersions.run };
  const text = 'cpus: 1\ndevices: [{driver: heartbeat, relid: 7}]\nprint: [interrupts]\nworkload:\n';
  return [
    lookAtGuest(),
    deeds(Guest.create({ ...options, kvm: undefined })),
    scenarioParts(`${text}  - {relid: 7, signals: 5, during: 1s}\n`),
    scenarioParts('cpus: 0'),
    fileRun(),
    `${isKnown(JSON.stringify(run), 'run')}`,
  ];
}
