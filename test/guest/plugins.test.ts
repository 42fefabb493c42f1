import { describe, expect, test } from '@jest/globals';
import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import {
  builtinPlatforms,
  CHANNEL_LIFETIME,
  COMMAND,
  defineAction,
  defineRace,
  Guest,
  GUEST_FILE,
  type GuestOptions,
  HOST_BACKEND,
  type HostBackend,
  IRQ_DOMAIN_PLUGIN,
  MODIFY_CHANNEL,
  FREE_CPUS,
  OFFER_FILTER,
  OFFLINE_GUARD,
  OFFLINE_POLICY,
  OPEN_ORDER,
  parseGuid,
  type Plugins,
  PLATFORM_DEFINITION,
  PluginError,
  type PluginModule,
  procFile,
  RACE,
  RELID_MAP,
  RING_ORDER,
  SCENARIO_ACTION,
  schema,
  type Token,
  TOP_LEVEL,
  VMBUS_DRIVER,
} from 'irqlab';
import { commandsWith } from '../../src/cli/commands-with.js';
import { racesWith } from '../../src/command/races-with.js';
import { languageWith } from '../../src/guest/language.js';
import { IRQFD_SOURCE, type ResamplerLifetimeFactory } from '../../src/kvm/resampler-lifetime.js';
import { resamplerLifetimes } from '../../src/kvm/resampler-variants.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { DesignOptions } from '../../src/scenario/options/design.js';
import {
  lifetimes,
  modifyChannelPolicies,
  freeCpuSets,
  offerFilters,
  offlineGuards,
  offlinePolicies,
  openOrders,
  relidMaps,
  ringOrders,
  topLevels,
} from '../../src/vmbus/variants/index.js';

function moduleOf(load: (options: ContainerModuleLoadOptions) => unknown): readonly PluginModule[] {
  return [new ContainerModule((options) => load(options) as undefined)];
}

const small: GuestOptions = { cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] };

/** What is said of some modules when a guest is made with them. */
function refusal(modules: readonly PluginModule[], options = small): string {
  try {
    Guest.create(options, { modules });
  } catch (error) {
    if (error instanceof PluginError || error instanceof RangeError) return `${error.name}: ${error.message}`;
    throw error;
  }
  return 'made';
}

/** Something that is bound as what it is not: JavaScript has no compiler that would say so. */
function wrong<T>(value: unknown): T {
  return value as T;
}

describe('a choice on an axis of the design', () => {
  const { sharedIdUnderLock } = resamplerLifetimes;
  test.each<[keyof DesignOptions, (options: ContainerModuleLoadOptions) => unknown]>([
    ['relidMap', ({ bind }) => bind(RELID_MAP).toConstantValue(relidMaps.array).whenNamed('mine')],
    ['topLevel', ({ bind }) => bind(TOP_LEVEL).toConstantValue(topLevels.percpu).whenNamed('mine')],
    [
      'lifetime',
      ({ bind }) => bind(CHANNEL_LIFETIME).toConstantValue(lifetimes['get-put']).whenNamed('mine'),
    ],
    [
      'modifyChannel',
      ({ bind }) => bind(MODIFY_CHANNEL).toConstantValue(modifyChannelPolicies['no-wait']).whenNamed('mine'),
    ],
    ['freeCpus', ({ bind }) => bind(FREE_CPUS).toConstantValue(freeCpuSets.online).whenNamed('mine')],
    [
      'offerFilter',
      ({ bind }) => bind(OFFER_FILTER).toConstantValue(offerFilters['keep-unsupported']).whenNamed('mine'),
    ],
    [
      'offlinePolicy',
      ({ bind }) => bind(OFFLINE_POLICY).toConstantValue(offlinePolicies.migrate).whenNamed('mine'),
    ],
    ['offlineGuard', ({ bind }) => bind(OFFLINE_GUARD).toConstantValue(offlineGuards.flag).whenNamed('mine')],
    [
      'ringOrder',
      ({ bind }) => bind(RING_ORDER).toConstantValue(ringOrders['write-first']).whenNamed('mine'),
    ],
    [
      'openOrder',
      ({ bind }) => bind(OPEN_ORDER).toConstantValue(openOrders['callback-first']).whenNamed('mine'),
    ],
    [
      'irqfdSource',
      ({ bind }) =>
        bind(IRQFD_SOURCE)
          .toConstantValue(wrong<ResamplerLifetimeFactory>(sharedIdUnderLock))
          .whenNamed('mine'),
    ],
  ])('%s is chosen by its name, in files, too', (axis, load) => {
    const modules = moduleOf(load);
    const options = { ...small, design: { [axis]: 'mine' } };
    expect(refusal(modules, options)).toBe('made');
    expect(refusal([], options)).toMatch(
      new RegExp(`^RangeError: design\\.${axis}: expected one of [-a-z, ]+, not "mine"`),
    );
    const text = `cpus: 1\ndesign: {${axis}: mine}\n`;
    expect(parseScenario(text, 'x', languageWith(modules)).guest.design).toMatchObject({ [axis]: 'mine' });
  });

  test('wants a name of its own', () => {
    const nameless = moduleOf(({ bind }) => bind(RELID_MAP).toConstantValue(relidMaps.array));
    expect(refusal(nameless)).toBe(
      "PluginError: something is bound to RELID_MAP without a name; add .whenNamed('a name of yours')",
    );
    const taken = moduleOf(({ bind }) => bind(RELID_MAP).toConstantValue(relidMaps.array).whenNamed('array'));
    expect(refusal(taken)).toBe(
      'PluginError: "array" is bound to RELID_MAP already; choose another name for whenNamed',
    );
  });

  test('is a function or an object', () => {
    const modules = moduleOf(({ bind }) => bind(RELID_MAP).toConstantValue(wrong('x')).whenNamed('mine'));
    expect(refusal(modules)).toBe(
      'PluginError: what is bound to RELID_MAP as "mine" cannot be used: it is x',
    );
  });
});

describe('an architecture', () => {
  const [x86_64] = builtinPlatforms;
  const mine = { ...x86_64, name: 'mine', nrIrqs: () => 64, rowLabels: ['NMI'] };
  const modules = moduleOf(({ bind }) => {
    bind(PLATFORM_DEFINITION).toConstantValue(mine).whenNamed(mine.name);
  });

  test('is chosen by its name', () => {
    const vm = Guest.create({ ...small, arch: 'mine' }, { modules });
    expect(vm.irqCore.nrIrqs).toBe(64);
    expect(vm.procInterrupts()).toMatch(/VMBus {3}7 {2}heartbeat/);
    expect(refusal([], { ...small, arch: 'mine' })).toBe(
      'RangeError: arch: expected one of x86_64, arm64, not "mine"',
    );
  });

  test('says what rows a scenario may speak of', () => {
    const language = languageWith(modules);
    expect(() => parseScenario('cpus: 1\narch: mine\narchitectureRows: {LOC: 1}\n', 'x', language)).toThrow(
      'x:3:25: mine has no row "LOC"; there are NMI',
    );
  });

  test('without what belongs to one is refused', () => {
    const half = moduleOf(({ bind }) =>
      bind(PLATFORM_DEFINITION)
        .toConstantValue(wrong({ name: 'half' }))
        .whenNamed('half'),
    );
    expect(refusal(half)).toBe(
      'PluginError: what is bound to PLATFORM_DEFINITION as "half" cannot be used: platform half needs create, nrIrqs and rowLabels',
    );
  });
});

const aDriver = {
  name: 'hv_mine',
  classIds: [parseGuid('6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c01')],
  *probe() {},
  *remove() {},
};

describe('what every guest has of its own', () => {
  test('files of /proc and /sys', () => {
    const modules = moduleOf(({ bind }) => {
      bind(GUEST_FILE).toConstantValue({
        path: '/proc/mine/deep',
        node: procFile(0o444, { read: () => 'x\n' }),
      });
    });
    const { fs } = Guest.create(small, { modules });
    expect(fs.readFile('/proc/mine/deep')).toBe('x\n');
  });

  test.each<[string, readonly string[], string]>([
    ['that irqlab has', ['/proc/interrupts'], 'there is /proc/interrupts already; choose another path'],
    ['that is bound twice', ['/proc/mine', '/proc/mine'], 'there is /proc/mine already; choose another path'],
    ['with files below it', ['/proc/my/own', '/proc/my'], 'there is /proc/my already; choose another path'],
    [
      'below what takes no entries',
      ['/proc/irq/24/foo'],
      '/proc/irq/24/foo: nothing can be added to irq; choose a path elsewhere',
    ],
  ])('a file at a path %s is refused', (_what, paths, message) => {
    const modules = moduleOf(({ bind }) => {
      for (const path of paths) bind(GUEST_FILE).toConstantValue({ path, node: procFile(0o444, {}) });
    });
    expect(refusal(modules)).toBe(`PluginError: what is bound to GUEST_FILE cannot be used: ${message}`);
  });

  test('a file whose methods return what they must not is told by its path', () => {
    const modules = moduleOf(({ bind }) => {
      const methods = { read: () => 5, write: () => undefined };
      bind(GUEST_FILE).toConstantValue({ path: '/proc/mine', node: procFile(0o644, wrong(methods)) });
    });
    const { fs } = Guest.create(small, { modules });
    expect(() => fs.readFile('/proc/mine')).toThrow(
      new PluginError('reading /proc/mine gave 5; its read (or show) must return a string'),
    );
    expect(() => fs.writeFile('/proc/mine', 'x')).toThrow(
      new PluginError(
        'writing /proc/mine gave undefined; its write must return how many bytes it took, all of them: data.length',
      ),
    );
  });

  test.each<[string, Token<unknown>, object, string]>([
    ['drivers', VMBUS_DRIVER, aDriver, 'there is a driver hv_mine already; choose another name'],
    [
      'irqdomains',
      IRQ_DOMAIN_PLUGIN,
      { name: 'mine', *attach() {} },
      'there is an irqdomain mine already; choose another name',
    ],
  ])('two %s of one name are refused', (_what, token, value, message) => {
    const modules = moduleOf(({ bind }) => {
      bind(token).toConstantValue(value);
      bind(token).toConstantValue({ ...value });
    });
    expect(refusal(modules)).toBe(`PluginError: ${message}`);
  });

  test('a driver takes over the class of one of irqlab, whose name it may not take', () => {
    const probed: string[] = [];
    const heartbeat = {
      ...aDriver,
      classIds: [parseGuid('57164f39-9115-4e78-ab55-382f3bd5422d')],
      *probe() {
        probed.push('mine');
      },
    };
    const bound = (value: unknown) =>
      moduleOf(({ bind }) => bind(VMBUS_DRIVER).toConstantValue(wrong(value)));
    expect(refusal(bound(heartbeat))).toBe('made');
    expect(probed).toEqual(['mine']);
    expect(refusal(bound({ ...heartbeat, name: 'hv_utils' }))).toMatch(
      /^PluginError: there is a driver hv_util/,
    );
  });

  test('methods that are no generators are told', () => {
    const classIds = [parseGuid('57164f39-9115-4e78-ab55-382f3bd5422d')];
    const probe = moduleOf(({ bind }) =>
      bind(VMBUS_DRIVER).toConstantValue(wrong({ ...aDriver, classIds, probe() {} })),
    );
    expect(refusal(probe)).toBe('PluginError: hv_mine: probe must be a generator: *probe(device) {…}');
    const attach = moduleOf(({ bind }) =>
      bind(IRQ_DOMAIN_PLUGIN).toConstantValue(wrong({ name: 'mine', async attach() {} })),
    );
    expect(refusal(attach)).toBe('PluginError: mine: attach must be a generator: *attach(core) {…}');
  });

  test('models of devices on the host', () => {
    class Model implements HostBackend {
      readonly classId = parseGuid('6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c01');
      opened(): void {}
    }
    const made: Model[] = [];
    const modules = moduleOf(({ bind }) => {
      bind(HOST_BACKEND).toDynamicValue(() => {
        made.push(new Model());
        return made[made.length - 1];
      });
    });
    Guest.create(small, { modules });
    Guest.create(small, { modules });
    expect(made).toHaveLength(2);
  });

  test.each<[string, Token<unknown>, unknown, string]>([
    [
      'a driver without classes',
      VMBUS_DRIVER,
      { name: 'hv_mine', probe() {}, remove() {} },
      "VMBUS_DRIVER cannot be used: driver hv_mine has no classIds; give it those of its devices: [parseGuid('…')]",
    ],
    [
      'a driver without a name',
      VMBUS_DRIVER,
      { classIds: [] },
      'VMBUS_DRIVER cannot be used: it has no name; give it one such as "hv_mine"',
    ],
    [
      'a driver that does nothing',
      VMBUS_DRIVER,
      { name: 'hv_mine', classIds: ['x'] },
      'VMBUS_DRIVER cannot be used: driver hv_mine needs the methods probe and remove',
    ],
    ['no driver at all', VMBUS_DRIVER, null, 'VMBUS_DRIVER cannot be used: it is null'],
    [
      'a driver for what is no class id',
      VMBUS_DRIVER,
      { ...aDriver, classIds: ['notaguid'] },
      `VMBUS_DRIVER cannot be used: driver hv_mine: class id "notaguid" is not a GUID as irqlab writes it; make one with parseGuid('…')`,
    ],
    [
      'a model for what is no class id',
      HOST_BACKEND,
      { classId: '6A3F1C52-0B7E-4C7A-9D53-2F4E8B1A7C01' },
      `HOST_BACKEND cannot be used: class id "6A3F1C52-0B7E-4C7A-9D53-2F4E8B1A7C01" is not a GUID as irqlab writes it; make one with parseGuid('…')`,
    ],
    ['no file at all', GUEST_FILE, 42, 'GUEST_FILE cannot be used: it is 42'],
    [
      'a file whose method is none',
      GUEST_FILE,
      { path: '/proc/mine', node: procFile(0o444, wrong({ read: 'text' })) },
      'GUEST_FILE cannot be used: /proc/mine has no node; make one with procFile, sysfsFile or new StaticDirectory',
    ],
    [
      'a model without a class',
      HOST_BACKEND,
      {},
      "HOST_BACKEND cannot be used: it has no classId; give it that of its devices: parseGuid('…')",
    ],
    [
      'an irqdomain that is never attached',
      IRQ_DOMAIN_PLUGIN,
      { name: 'mine' },
      'IRQ_DOMAIN_PLUGIN cannot be used: irqdomain mine needs the method attach',
    ],
    [
      'a file elsewhere',
      GUEST_FILE,
      { path: '/etc/passwd', node: procFile(0o444, {}) },
      'GUEST_FILE cannot be used: its path is "/etc/passwd"; expected one in /proc, /sys or /dev',
    ],
    [
      'a file that is none',
      GUEST_FILE,
      { path: '/proc/mine', node: 'text' },
      'GUEST_FILE cannot be used: /proc/mine has no node; make one with procFile, sysfsFile or new StaticDirectory',
    ],
  ])('%s is refused', (_what, token, value, message) => {
    const modules = moduleOf(({ bind }) => bind(token).toConstantValue(value));
    expect(refusal(modules)).toBe(`PluginError: what is bound to ${message}`);
  });

  test('a module that binds asynchronously is refused', () => {
    expect(refusal([new ContainerModule(async () => {})])).toBe(
      'PluginError: a module binds asynchronously; load what it needs before it is made',
    );
  });

  test('something that wants what nobody binds is refused', () => {
    const modules = moduleOf(({ bind }) => {
      bind(GUEST_FILE).toResolvedValue(
        (x: string) => ({ path: x, node: procFile(0o444, {}) }),
        [wrong<Token<string>>(Symbol('nobody'))],
      );
    });
    expect(refusal(modules)).toBe(
      'PluginError: what is bound does not fit together: No bindings found for service: "Symbol(nobody)".',
    );
  });
});

describe('what is there without a guest', () => {
  function plugins(modules: readonly PluginModule[]): Plugins {
    return { files: ['x.js'], modules, language: undefined };
  }

  test('races, each with an id of its own', async () => {
    const race = defineRace<object>({
      id: 'relid-map',
      source: 'x',
      property: 'x',
      variants: { only: { expected: 'none', model: () => ({ setup: () => ({}), describe: () => [] }) } },
    });
    const bound = (value: unknown) => moduleOf(({ bind }) => bind(RACE).toConstantValue(wrong(value)));
    expect((await racesWith(bound({ ...race, id: 'mine' }))).map(({ id }) => id)).toContain('mine');
    await expect(racesWith(bound(race))).rejects.toThrow(
      new PluginError('there is a race relid-map already; choose another id'),
    );
    await expect(racesWith(bound({ id: 'mine' }))).rejects.toThrow(
      new PluginError('what is bound to RACE cannot be used: it is not what defineRace makes'),
    );
  });

  test('commands, each with a name of its own', async () => {
    const bound = (value: unknown) =>
      plugins(moduleOf(({ bind }) => bind(COMMAND).toConstantValue(wrong(value))));
    const entry = { name: 'mine', summary: 'x', load: async () => ({ configure() {} }) };
    expect((await commandsWith(bound(entry))).at(-1)?.name).toBe('mine');
    await expect(commandsWith(bound({ ...entry, name: 'run' }))).rejects.toThrow(
      new PluginError('there is a command run already; choose another name'),
    );
    await expect(commandsWith(bound({ name: 'mine' }))).rejects.toThrow(
      new PluginError('what is bound to COMMAND cannot be used: a command needs name, summary and load'),
    );
  });

  test('actions of scenarios', () => {
    const action = defineAction({
      name: 'mine',
      value: schema.cpu,
      fields: (cpu) => ({ cpu }),
      describe: () => 'mine',
      perform: () => undefined,
    });
    const bound = (value: unknown) =>
      moduleOf(({ bind }) => bind(SCENARIO_ACTION).toConstantValue(wrong(value)));
    const { timeline } = parseScenario('cpus: 1\ntimeline: [{mine: 0}]', 'x', languageWith(bound(action)));
    expect(timeline[0].action).toEqual({ kind: 'mine', cpu: 0 });
    expect(() => languageWith(bound({ name: 'mine' }))).toThrow(
      new PluginError('what is bound to SCENARIO_ACTION cannot be used: it is not what defineAction makes'),
    );
  });
});
