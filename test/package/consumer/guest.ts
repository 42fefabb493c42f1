// A user of the guest: whatever the package exports for looking at it and steering it.
import {
  AssertionError,
  type ClassDeviceOptions,
  CpuMask,
  type CpuId,
  type DaemonServiceOptions,
  defaultDesign,
  type DesignAxis,
  designChoices,
  type DesignPreset,
  designPresets,
  type DeviceInList,
  type DeviceOptions,
  type ErrnoCode,
  ErrnoError,
  type FileTree,
  type FramesOptions,
  Guest,
  type GuestChannel,
  type GuestCpu,
  type GuestDisk,
  type GuestExtensions,
  type GuestHost,
  type GuestIrq,
  type GuestKvm,
  type GuestNic,
  type GuestOptions,
  type HostChannel,
  type Hwirq,
  type Irq,
  type IrqCore,
  type KvmCounts,
  type Machine,
  type NetvscOptions,
  type Ns,
  parseScenario,
  type PlainDeviceOptions,
  type RelidList,
  type RepeatedDeviceOptions,
  type RunOptions,
  type RunResult,
  runScenarioOn,
  type StepOutcome,
  type Relid,
  type RunTime,
  type Scenario,
  ScenarioError,
  type StorvscOptions,
  type SubmitOptions,
  type VmbusChannel,
  type VmbusDesign,
  type VpciOptions,
} from 'irqlab';

const relid: Relid = 8;
const nic: DeviceOptions = { driver: 'netvsc', relid: 13, channels: 2, subChannels: [14] };
const design: Partial<VmbusDesign> = { ...defaultDesign, relidMap: 'array' };
const preset: DesignPreset = designPresets[0];
const options: GuestOptions = {
  cpus: 4,
  design: { preset, ...design },
  devices: [{ driver: 'storvsc', relid }, nic],
  kvm: { devices: [{ name: 'timer', gsi: 20, everyNs: 1_000_000, duringNs: 5_000_000 }] },
};

/** Boots a guest, uses each of its faces once, and gives its /proc/interrupts. */
export function useGuest(extensions: GuestExtensions = {}): string {
  const guest: Guest = Guest.create(options, extensions);
  const time: RunTime = { ms: 10 };
  guest.run(time);
  const now: Ns = guest.now;
  const cpu: GuestCpu = guest.cpu(3);
  const id: CpuId = 3;
  cpu.offline();
  cpu.online();
  const channel: GuestChannel = guest.channel(relid);
  channel.moveTo(id);
  const number: Irq = channel.irq;
  const irq: GuestIrq = guest.irq(number);
  irq.setAffinity(CpuMask.of(4, [0, 1]));
  const hwirq: Hwirq = irq.hwirq;
  const submitted: SubmitOptions = { count: 3, bytes: 512, write: true };
  const disk: GuestDisk = guest.disk(relid);
  disk.submit(submitted);
  const frames: FramesOptions = { count: 2, flow: 1 };
  const adapter: GuestNic = guest.nic(13);
  adapter.transmit(frames);
  guest.run({ seconds: 1 });
  const host: GuestHost = guest.host;
  const ofHost: HostChannel | undefined = host.channel(relid);
  const kvm: GuestKvm | undefined = guest.kvm;
  const counts: KvmCounts | undefined = kvm?.counts();
  const machine: Machine = guest.machine;
  const core: IrqCore = guest.irqCore;
  const [first]: VmbusChannel[] = [...guest.vmbus.connection.channels()];
  const facts = [
    now > 0,
    cpu.isOnline,
    hwirq >= 0,
    disk.completed === 3,
    adapter.transmitted >= 2,
    (ofHost?.signalled ?? 0) > 0,
    counts?.unserved === 0,
    machine.nrCpuIds === 4,
    core.desc(number) !== undefined,
    first !== undefined,
  ];
  if (facts.includes(false)) throw new AssertionError(`a guest is not as it should be: ${facts.join(' ')}`);
  return textOf(guest.fs, '/proc/interrupts');
}

function textOf(fs: FileTree, path: string): string {
  return fs.readFile(path);
}

/** How many channels a machine has of which every kind of device is given. */
export function channelsOfAll(): number {
  const subChannels: RelidList = '20-21';
  const heartbeat: PlainDeviceOptions = { driver: 'heartbeat', relid: 1 };
  const kvp: DaemonServiceOptions = { driver: 'kvp', relid: 2, daemon: false };
  const disks: StorvscOptions = { driver: 'storvsc', relid: 3, subChannels };
  const adapter: NetvscOptions = { driver: 'netvsc', relid: 4, channels: 2 };
  const bus: VpciOptions = { driver: 'vpci', relid: 5 };
  const other: ClassDeviceOptions = { class: '11111111-2222-3333-4444-555555555555', relid: 6 };
  const more: RepeatedDeviceOptions = { repeat: 3, driver: 'netvsc', channels: 2 };
  const devices: readonly DeviceInList[] = [heartbeat, kvp, disks, adapter, bus, other, more];
  return [...Guest.create({ cpus: 4, devices }).vmbus.connection.channels()].length;
}

/** What a guest refuses: the errno that its user sees. */
export function refusal(guest: Guest): ErrnoCode | undefined {
  try {
    guest.cpu(0).offline();
    return undefined;
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}

/** What is wrong with a scenario. */
export function problems(text: string): readonly string[] {
  try {
    const scenario: Scenario = parseScenario(text, 'scenario.yaml');
    return [`${scenario.timeline.length} steps`];
  } catch (error) {
    if (error instanceof ScenarioError) return error.diagnostics.map(({ message }) => message);
    throw error;
  }
}

/** What comes of each step of a scenario, and of the whole. */
export function outcomes(text: string, options: RunOptions = {}): string {
  const scenario = parseScenario(text, 'scenario.yaml');
  const result: RunResult = runScenarioOn(Guest.create(scenario.guest), scenario, options);
  const outcome = ({ action, outcome, refusal: code }: StepOutcome): string => `${action} ${code ?? outcome}`;
  return `${result.steps.map(outcome).join(', ')}: ${result.ok}`;
}

/** All designs that can be chosen. */
export function designs(): string[] {
  return (Object.keys(designChoices) as DesignAxis[]).map(
    (axis) => `${axis}: ${designChoices[axis].join(', ')}`,
  );
}
