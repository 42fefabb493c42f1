// Third parties: everything that can be bound beside drivers, the host's models of devices and irqdomains.
import { ContainerModule, injectable } from 'inversify';
import { isTakenWith } from './browser.js';
import {
  type Action,
  type ActionDefinition,
  type Answer,
  type ArchSource,
  builtinPlatforms,
  CHANNEL_LIFETIME,
  type ChannelLifetime,
  type ChannelMover,
  type Checks,
  COMMAND,
  type CommandEntry,
  type CommandModule,
  type ConnectionPort,
  type ControlMessages,
  type CpuFiles,
  debugFile,
  defineAction,
  defineRace,
  type DeviceInterrupt,
  type DirectoryNode,
  type ExitStatus,
  exitStatus,
  expects,
  type FileNode,
  Guest,
  GUEST_FILE,
  type GuestFile,
  IRQFD_SOURCE,
  type LifetimeFactory,
  type LineAccounting,
  ListDirectory,
  type Look,
  MODIFY_CHANNEL,
  type ModifyChannelFactory,
  type ModifyChannelPolicy,
  FREE_CPUS,
  HOST_OBSERVER,
  type HostObserver,
  type FreeCpus,
  OFFER_FILTER,
  type OfferFilter,
  OFFLINE_GUARD,
  OFFLINE_POLICY,
  type OfflinePolicy,
  type OfflinePolicyFactory,
  type OfflineGuard,
  type OfflineGuardFactory,
  OPEN_ORDER,
  type OpenOrder,
  type PerCpuLine,
  PlainRelidMap,
  type Platform,
  type Paint,
  PLATFORM_DEFINITION,
  type PlatformDefinition,
  PluginError,
  type PluginModule,
  type Plugins,
  procFile,
  type Procedure,
  RACE,
  type Race,
  type RaceOptions,
  type RaceVariant,
  RELID_MAP,
  type Relid,
  type RelidMap,
  type RelidMapFactory,
  type ResamplerLifetime,
  type ResamplerLifetimeFactory,
  RING_ORDER,
  type RingOrder,
  SCENARIO_ACTION,
  type ScenarioAction,
  type ScenarioGuest,
  type ScenarioHost,
  schema,
  StaticDirectory,
  type Stdio,
  sysfsFile,
  type Token,
  TOP_LEVEL,
  type TopLevel,
  type TreeNode,
  UsageError,
  Vmbus,
  type VmbusChannel,
} from 'irqlab';

/** A list that is walked for each event. */
class ListRelidMap extends PlainRelidMap {
  private readonly channels: VmbusChannel[] = [];

  *map(channel: VmbusChannel): Procedure<boolean> {
    this.channels.push(channel);
    return true;
  }

  *unmap(channel: VmbusChannel): Procedure<void> {
    this.channels.splice(this.channels.indexOf(channel), 1);
  }

  relid2channel(relid: Relid): VmbusChannel | undefined {
    return this.channels.find((channel) => channel.relid === relid);
  }

  *moved(): Procedure<void> {}

  remove(): void {}

  protected *findSteps(relid: Relid): Procedure<VmbusChannel | undefined> {
    return this.relid2channel(relid);
  }

  protected find(relid: Relid): VmbusChannel | undefined {
    return this.relid2channel(relid);
  }
}

const listMap: RelidMapFactory = (
  _connection: ConnectionPort,
  lifetime: ChannelLifetime,
  mover: ChannelMover,
): RelidMap => new ListRelidMap(lifetime, mover);

const [x86_64] = builtinPlatforms;
const bigger: PlatformDefinition = { ...x86_64, name: 'bigger', nrIrqs: () => 4096 };

/** Parts of a platform, for whoever makes one from the ground up. */
export type PlatformParts = [
  Platform,
  PerCpuLine,
  ArchSource,
  CpuFiles,
  DeviceInterrupt,
  LineAccounting,
  DirectoryNode,
  FileNode,
];
/** What stands on the axes of the design. */
export type DesignParts = [
  TopLevel,
  ControlMessages,
  LifetimeFactory,
  ModifyChannelPolicy,
  OfflineGuard,
  OfflinePolicy,
  ResamplerLifetime,
];

@injectable()
class Uptime implements GuestFile {
  readonly path = '/proc/uptime';
  readonly node: TreeNode = procFile(0o444, { read: () => '0.00 0.00\n' });
}

const definition: ActionDefinition<typeof schema.relid, Record<never, never>, { relid: Relid }> = {
  name: 'poke',
  value: schema.relid.describe('The host misbehaves and behaves again'),
  expects: expects.anErrno,
  fields: (relid) => ({ relid }),
  describe: ({ relid }) => `poke ${relid}`,
  perform({ host, now }: ScenarioGuest): Answer {
    const misbehaving: ScenarioHost = host;
    misbehaving.behave();
    return { kind: 'count', count: now };
  },
  check: ({ relid }, at, { relids }: Checks) => relids.mention(relid, at),
};
const action: ScenarioAction = defineAction(definition);
const planned: Action = action.plan(7, {}).action;

const options: RaceOptions<object> = {
  id: 'nothing',
  source: 'here',
  property: 'nothing happens',
  variants: {
    only: { expected: 'none', model: () => ({ setup: () => ({}), describe: () => [] }) },
  },
};
const race: Race = defineRace(options);
const [variant]: readonly RaceVariant[] = race.variants;

const command: CommandModule = {
  configure(_command, stdio: Stdio, finish: (status: ExitStatus) => void, plugins: Plugins): void {
    const look: Look = 'heading';
    const paint: Paint = [[/\d+/g, look]];
    stdio.out(`${plugins.files.length} plug-ins\n`, paint);
    finish(exitStatus.ok);
  },
};
const entry: CommandEntry = { name: 'mine', summary: 'does nothing', load: async () => command };

/** Counts what the host sends. */
export class SentMessages implements HostObserver {
  count = 0;

  sent(): void {
    this.count += 1;
  }
}

export const listening = new ContainerModule(({ bind }) => {
  bind(HOST_OBSERVER).toConstantValue(new SentMessages());
});

/** Choices that only need to be there to be named. */
function bindChoices(bindTo: <T>(token: Token<T>, choice: T) => void): void {
  const never = (): never => {
    throw new UsageError('not to be built', 'Choose another one.');
  };
  bindTo(MODIFY_CHANNEL, never as ModifyChannelFactory);
  bindTo(FREE_CPUS, {} as FreeCpus);
  bindTo(OFFER_FILTER, {} as OfferFilter);
  bindTo(OFFLINE_POLICY, never as OfflinePolicyFactory);
  bindTo(OFFLINE_GUARD, never as OfflineGuardFactory);
  bindTo(CHANNEL_LIFETIME, never as LifetimeFactory);
  bindTo(IRQFD_SOURCE, never as ResamplerLifetimeFactory);
  bindTo(RING_ORDER, {} as RingOrder);
  bindTo(OPEN_ORDER, {} as OpenOrder);
  bindTo(TOP_LEVEL, {} as TopLevel);
}

const points: PluginModule = new ContainerModule(({ bind }) => {
  bind(RELID_MAP).toConstantValue(listMap).whenNamed('list');
  bindChoices((token, choice) => bind(token).toConstantValue(choice).whenNamed('mine'));
  bind(PLATFORM_DEFINITION).toConstantValue(bigger).whenNamed(bigger.name);
  bind(GUEST_FILE).to(Uptime);
  bind(GUEST_FILE).toResolvedValue(
    ({ connection }: Vmbus): GuestFile => ({
      path: '/sys/kernel/mine',
      node: new StaticDirectory(0o755, {
        relids: new ListDirectory(
          () => connection.channels(),
          ({ relid }) => String(relid),
          () => sysfsFile(0o444, { show: () => 'here\n' }),
        ),
        debug: debugFile(0o444, { read: () => 'x' }),
      }),
    }),
    [Vmbus],
  );
  bind(SCENARIO_ACTION).toConstantValue(action);
  bind(RACE).toConstantValue(race);
  bind(COMMAND).toConstantValue(entry);
});

const timeline =
  'cpus: 1\ndevices: [{driver: heartbeat, relid: 7}]\ntimeline: [{at: 1ms, poke: 7, expect: EIO}]';

/** What a guest with all that shows, and what comes of something that cannot be. */
export function usePoints(): string[] {
  const vm = Guest.create(
    {
      cpus: 1,
      arch: 'bigger',
      design: { relidMap: 'list', topLevel: 'percpu' },
      devices: [{ driver: 'heartbeat', relid: 7 }],
    },
    { modules: [points] },
  );
  let refused = '';
  try {
    const nameless = new ContainerModule(({ bind }) => {
      bind(RELID_MAP).toConstantValue(listMap);
    });
    Guest.create({ cpus: 1 }, { modules: [nameless] });
  } catch (error) {
    if (error instanceof PluginError) refused = error.name;
  }
  return [
    vm.readFile('/proc/uptime').trim(),
    vm.readFile('/sys/kernel/mine/relids/7').trim(),
    `${vm.irqCore.nrIrqs} ${planned.kind} ${variant.name} ${refused}`,
    `poke is ${isTakenWith([points], timeline)}, ${isTakenWith([], timeline)}`,
  ];
}
