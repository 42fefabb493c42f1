import 'reflect-metadata/lite';
import { Container, ContainerModule } from 'inversify';
import type { Token } from '../../lib/token.js';
import { BoundNames } from './bound-names.js';
import { PluginError } from '../../lib/plugin-error.js';

/** A module of a plug-in: what it binds to irqlab's tokens becomes a part of irqlab. */
export type PluginModule = ContainerModule;

/** Says why something cannot be what it was bound as; undefined if it can. */
export type Unfit = (value: unknown) => string | undefined;

/** What some modules bind together. */
export class Contributions {
  private readonly container = new Container({ defaultScope: 'Singleton' });
  private readonly names = new BoundNames();

  /** @throws PluginError if the modules cannot be loaded together. */
  constructor(modules: readonly PluginModule[]) {
    loadAll(
      this.container,
      modules.map((module) => this.names.watching(module)),
    );
  }

  /** @throws PluginError if nothing is bound to any of some tokens, and nothing changed about what others bind. */
  checkAnyOf(tokens: readonly Token<unknown>[]): void {
    const { identifiers, changesOthers } = this.names;
    if (changesOthers || tokens.some((token) => identifiers.includes(token))) return;
    const bound = identifiers.map((id) => (typeof id === 'function' ? id.name : String(id)));
    const instead = bound.length === 0 ? '' : `, only ${bound.join(', ')}`;
    throw new PluginError(
      `it binds nothing that irqlab knows${instead}; docs/plugins.md lists the tokens, such as VMBUS_DRIVER, that irqlab exports`,
    );
  }

  /** All that is bound to a token, in the order of the bindings. @throws PluginError for what does not belong there. */
  all<T>(token: Token<T>, unfit: Unfit): readonly T[] {
    return allOf(this.container, token, unfit);
  }

  /** What is bound to a token under a name. @throws PluginError for what does not belong there. */
  named<T>(token: Token<T>, name: string, unfit: Unfit): T {
    const value = resolving(() => this.container.get(token, { name }));
    checkFit(value, `${sourceName(token)} as "${name}"`, unfit);
    return value;
  }

  /**
   * Names under which a token is bound, in the order of the bindings.
   *
   * @throws PluginError if something is bound without a name, or under one that is taken.
   */
  namesOf(token: Token<unknown>): readonly string[] {
    const names = this.names.of(token);
    if (this.names.namelessOf(token) > 0) {
      throw new PluginError(
        `something is bound to ${sourceName(token)} without a name; add .whenNamed('a name of yours')`,
      );
    }
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new PluginError(
        `"${twice}" is bound to ${sourceName(token)} already; choose another name for whenNamed`,
      );
    }
    return names;
  }
}

/** All that a container has for a token. @throws PluginError for what does not belong there. */
export function allOf<T>(container: Container, token: Token<T>, unfit: Unfit): readonly T[] {
  if (!container.isBound(token)) return [];
  const all = resolving(() => container.getAll(token));
  for (const value of all) checkFit(value, sourceName(token), unfit);
  return all;
}

/** @param a what they are, with the article. @throws PluginError if two of them have one name. */
export function checkUnique(named: readonly { readonly name: string }[], a: string): void {
  const twice = named.find(({ name }, i) => named.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new PluginError(`there is ${a} ${twice.name} already; choose another name`);
}

/** Loads modules into a container. @throws PluginError if they cannot be loaded. */
export function loadAll(container: Container, modules: readonly PluginModule[]): void {
  resolving(() => container.load(...modules.map(atOnce)));
}

/** inversify takes whatever a module's function returns for a promise, such as the last binding of `({ bind }) => bind(…)`. */
function atOnce(module: PluginModule): ContainerModule {
  return new ContainerModule((options) => {
    const returned: unknown = module.load(options);
    if (typeof returned === 'object' && returned !== null && 'then' in returned)
      throw new PluginError('a module binds asynchronously; load what it needs before it is made');
  });
}

/** inversify marks its errors, and exports no class of them. */
const inversifyErrors = [
  Symbol.for('@inversifyjs/core/InversifyCoreError'),
  Symbol.for('@inversifyjs/container/InversifyContainerError'),
];

/** @throws PluginError in place of the container's own error, whose first line says what is wrong. */
export function resolving<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error && inversifyErrors.some((mark) => mark in error))) throw error;
    const [sentence] = error.message.split('\n');
    throw new PluginError(`what is bound does not fit together: ${sentence}`);
  }
}

function checkFit(value: unknown, where: string, unfit: Unfit): void {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  const problem = isObject ? unfit(value) : `it is ${String(value)}`;
  if (problem !== undefined) throw new PluginError(`what is bound to ${where} cannot be used: ${problem}`);
}

/** What a token is called in a plug-in's source: VMBUS_DRIVER for VmbusDriver. */
function sourceName({ description = '' }: Token<unknown>): string {
  return description
    .replace(/^irqlab\./, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase();
}
