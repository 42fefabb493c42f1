import { ContainerModule, type ServiceIdentifier } from 'inversify';

/**
 * Notes under which names modules bind things: a container finds what has a name, but does not say which names there
 * are, and the schema of scenario files, `irqlab compare` and error messages list them.
 */
export class BoundNames {
  private readonly names = new Map<ServiceIdentifier, string[]>();
  private readonly nameless = new Map<ServiceIdentifier, number>();
  /** True if modules change what others bind. */
  changesOthers = false;

  /** The same module, watched while it binds. */
  watching(module: ContainerModule): ContainerModule {
    return new ContainerModule((options) =>
      module.load({
        ...options,
        bind: (identifier) => {
          this.nameless.set(identifier, this.namelessOf(identifier) + 1);
          return this.watch(identifier, options.bind(identifier));
        },
        rebind: (identifier) => {
          this.changesOthers = true;
          return options.rebind(identifier);
        },
        onActivation: (identifier, activation) => {
          this.changesOthers = true;
          options.onActivation(identifier, activation);
        },
      }),
    );
  }

  /** What is bound, whatever its name. */
  get identifiers(): readonly ServiceIdentifier[] {
    return [...this.nameless.keys()];
  }

  /** Names under which the token is bound, in the order of the bindings. */
  of(identifier: ServiceIdentifier): readonly string[] {
    return this.names.get(identifier) ?? [];
  }

  /** How often it is bound without a name. */
  namelessOf(identifier: ServiceIdentifier): number {
    return this.nameless.get(identifier) ?? 0;
  }

  private note(identifier: ServiceIdentifier, name: string): void {
    this.names.set(identifier, [...this.of(identifier), name]);
    this.nameless.set(identifier, this.namelessOf(identifier) - 1);
  }

  /** A binding is written as a chain of calls, each of which returns what the next one is called on. */
  private watch<Syntax extends object>(identifier: ServiceIdentifier, syntax: Syntax): Syntax {
    return new Proxy(syntax, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        return (...args: readonly unknown[]): unknown => {
          if (key === 'whenNamed') this.note(identifier, String(args[0]));
          const next: unknown = Reflect.apply(member, target, args);
          return typeof next === 'object' && next !== null ? this.watch(identifier, next) : next;
        };
      },
    });
  }
}
