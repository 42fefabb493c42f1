import { type ErrnoCode, ErrnoError, errnoCode } from '../lib/errno.js';
import { Completion } from '../machine/completion.js';
import type { Machine } from '../machine/machine.js';
import { inFrame, type Procedure } from '../machine/step.js';
import type { VmbusBus } from './bus.js';
import type { VmbusDriver } from './driver.js';
import type { ModuleParameters } from './module-parameters.js';

/** The module of the bus itself, which those of all drivers need. */
const BUS_MODULE = 'hv_vmbus';

/** What the module hv_vmbus does when it is loaded and unloaded. */
export interface BusModule {
  readonly isLoaded: boolean;
  readonly bus: VmbusBus;
  readonly connection: { readonly parameters: ModuleParameters; readonly machine: Machine };
  /** 0 or a negative errno. */
  load(): Procedure<number>;
  exit(): Procedure<void>;
}

/**
 * The modules of VMBus and its drivers, as `rmmod` and `modprobe` work on them (kernel/module/main.c delete_module,
 * init_module). Nobody has more of them in use than the devices that their drivers say are.
 */
export class VmbusModules {
  /** Modules that are being loaded or unloaded (MODULE_STATE_COMING, MODULE_STATE_GOING), until that is done. */
  private readonly changing = new Map<string, Completion>();

  constructor(
    private readonly vmbus: BusModule,
    private readonly drivers: readonly VmbusDriver[],
  ) {}

  /** Names of all modules that there are. */
  get names(): readonly string[] {
    return [BUS_MODULE, ...this.drivers.map(nameOf)];
  }

  /** True for a module that is loaded; its name may be written with `-` for `_`. @throws RangeError if there is none. */
  isLoaded(name: string): boolean {
    const driver = this.driverOf(name);
    return driver === undefined ? this.vmbus.isLoaded : this.vmbus.bus.isLoaded(driver);
  }

  /**
   * Unloads a module. What its driver has taken into service is taken from it first.
   *
   * @throws ErrnoError ENOENT if it is not loaded, EBUSY while it is being loaded or unloaded, EAGAIN (EWOULDBLOCK) while
   *   others need it or somebody has a device of it open; RangeError if there is no such module.
   */
  *remove(name: string): Procedure<void> {
    const { bus } = this.vmbus;
    const driver = this.driverOf(name);
    const module = driver === undefined ? BUS_MODULE : nameOf(driver);
    if (this.changing.has(module))
      throw new ErrnoError('EBUSY', `module ${name} is being loaded or unloaded; try again`);
    if (!this.isLoaded(name)) throw new ErrnoError('ENOENT', `module ${name} is not loaded`);
    if (driver === undefined) this.refuseNeeded();
    else if (!bus.isIdle(driver))
      throw new ErrnoError('EAGAIN', `module ${name} is in use: a device of it is open; close it first`);
    yield* this.change(
      module,
      driver === undefined
        ? inFrame('vmbus_exit', this.vmbus.exit())
        : inFrame('vmbus_driver_unregister', bus.unregisterDriver(driver)),
    );
  }

  /**
   * Loads a module, and before it the one of the bus. Nothing to do for one that is loaded.
   *
   * @throws ErrnoError what loading fails with; ENOENT if the bus is unloaded while a driver's module waits for its own
   *   unloading; RangeError if there is no such module.
   */
  *load(name: string): Procedure<void> {
    const driver = this.driverOf(name);
    yield* this.settled(BUS_MODULE);
    if (!this.vmbus.isLoaded) yield* this.loadBus();
    if (driver === undefined) return;
    const { bus } = this.vmbus;
    const module = nameOf(driver);
    yield* this.settled(module);
    if (bus.isLoaded(driver)) return;
    // Only now its symbols are looked for (resolve_symbol_wait): the bus may have gone meanwhile.
    yield* this.settled(BUS_MODULE);
    if (!this.vmbus.isLoaded) throw insertFailed(name, 'ENOENT');
    if (!bus.drivers.includes(driver)) yield* this.change(module, bus.registerDriver(driver));
    if (driver.loadedByHand === true) bus.announce(driver);
    if (!bus.isLoaded(driver)) throw insertFailed(name, 'EINVAL');
  }

  /** Boot loads the bus, waits as this kernel does, and loads the modules of all drivers. @returns false if VMBus cannot be. */
  *boot(awaitOffers: () => Procedure<void>): Procedure<boolean> {
    if ((yield* this.change(BUS_MODULE, this.vmbus.load())) !== 0) return false;
    yield* awaitOffers();
    for (const driver of this.drivers) yield* this.loadAtBoot(driver);
    return true;
  }

  /**
   * A program of its own loads each module, and waits for the probes of drivers that have no other context for them. A user
   * may have unloaded the bus meanwhile, with the devices that ask for modules, or have loaded the module already.
   */
  private *loadAtBoot(driver: VmbusDriver): Procedure<void> {
    const { bus, connection } = this.vmbus;
    const module = nameOf(driver);
    yield* this.settled(module);
    yield* this.settled(BUS_MODULE);
    if (!this.vmbus.isLoaded || bus.drivers.includes(driver)) return;
    yield* bus.registerDriver(driver, (attach) => {
      const loading = this.change(module, inFrame('__vmbus_driver_register', attach));
      connection.machine.spawn(`modprobe ${module}`, loading, undefined, { comm: 'modprobe' });
    });
  }

  private *loadBus(): Procedure<void> {
    const ret = yield* this.change(BUS_MODULE, this.vmbus.load());
    if (ret !== 0) throw insertFailed(BUS_MODULE, errnoCode(ret));
    // These are there unheard of, as they are after boot.
    for (const driver of this.drivers)
      if (driver.loadedByHand === true) yield* this.vmbus.bus.registerDriver(driver);
  }

  /** Nobody else may load or unload the module meanwhile. */
  private *change<T>(module: string, work: Procedure<T>): Procedure<T> {
    const done = new Completion(`the end of loading or unloading ${module}`);
    this.changing.set(module, done);
    try {
      return yield* work;
    } finally {
      this.changing.delete(module);
      done.completeAll();
    }
  }

  /** Waits until a module is neither being loaded nor unloaded (finished_loading). */
  private *settled(module: string): Procedure<void> {
    for (let done = this.changing.get(module); done !== undefined; done = this.changing.get(module))
      yield* done.wait();
  }

  /** @throws ErrnoError EAGAIN while modules need that of the bus. */
  private refuseNeeded(): void {
    const users = this.drivers.filter(
      (driver) => this.vmbus.bus.isLoaded(driver) || this.changing.has(nameOf(driver)),
    );
    if (users.length === 0) return;
    const names = users.map(nameOf).join(', ');
    throw new ErrnoError('EAGAIN', `module ${BUS_MODULE} is in use by ${names}; unload them first`);
  }

  /** undefined: the module of the bus. */
  private driverOf(name: string): VmbusDriver | undefined {
    const sought = name.replaceAll('-', '_');
    if (sought === BUS_MODULE) return undefined;
    const driver = this.drivers.find((one) => nameOf(one) === sought);
    if (driver !== undefined) return driver;
    throw new RangeError(`there is no module ${name}; there are ${this.names.join(', ')}`);
  }
}

function nameOf({ name, module = name }: VmbusDriver): string {
  return module;
}

function insertFailed(name: string, code: ErrnoCode): ErrnoError {
  return new ErrnoError(code, `module ${name} cannot be loaded; the kernel log says why`);
}
