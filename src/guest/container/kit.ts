import { irqfdSourcesModule } from '../../kvm/module.js';
import { platformsModule } from '../../platform/module.js';
import { PLATFORM_DEFINITION, type PlatformDefinition } from '../../platform/platform.js';
import type { DesignNames } from '../../scenario/options/design.js';
import { didYouMean } from '../../scenario/suggest.js';
import { designModule } from '../../vmbus/module.js';
import { type DesignAxis, designProblem } from '../../vmbus/variants/design.js';
import type { DesignParts } from '../../vmbus/variants/design-parts.js';
import { Contributions, type PluginModule } from './contributions.js';
import { axisToken, type DesignChoice, designAxes } from './design-axes.js';
import { unfitChoice, unfitPlatform } from './unfit.js';

/** What a guest can be made of by name: irqlab's own architectures and designs, and those that plug-ins bind. */
export class GuestKit {
  private static readonly kits = new WeakMap<readonly PluginModule[], GuestKit>();
  /** The architectures, the default first. */
  readonly platforms: readonly PlatformDefinition[];
  /** Names of the choices on each axis, the default first. */
  readonly designChoices: Readonly<Record<DesignAxis, readonly string[]>>;
  private readonly bound: Contributions;

  private constructor(modules: readonly PluginModule[]) {
    const bound = new Contributions([designModule, irqfdSourcesModule, platformsModule, ...modules]);
    this.bound = bound;
    this.platforms = bound
      .namesOf(PLATFORM_DEFINITION)
      .map((name) => bound.named(PLATFORM_DEFINITION, name, unfitPlatform));
    this.designChoices = perAxis((axis) => this.choicesOf(axis));
  }

  /**
   * The kit with what these modules bind: the same one for the same list.
   *
   * @throws PluginError if something is bound that cannot be used.
   */
  static of(modules: readonly PluginModule[]): GuestKit {
    const kit = GuestKit.kits.get(modules) ?? new GuestKit(modules);
    GuestKit.kits.set(modules, kit);
    return kit;
  }

  /** @throws RangeError if there is no such architecture. */
  platform(name: string): PlatformDefinition {
    const platform = this.platforms.find((candidate) => candidate.name === name);
    if (platform !== undefined) return platform;
    const known = this.platforms.map((candidate) => candidate.name);
    throw unknownName('arch', name, known);
  }

  /** What a choice on an axis stands for. @throws RangeError if there is no such choice. */
  choice<Axis extends DesignAxis>(axis: Axis, name: string): DesignChoice<Axis> {
    const known = this.designChoices[axis];
    if (!known.includes(name)) throw unknownName(`design.${axis}`, name, known);
    return this.bound.named(axisToken(axis), name, unfitChoice);
  }

  /** What builds a guest's VMBus. @throws RangeError for a choice that there is not, or choices that do not go together. */
  designParts(names: DesignNames): DesignParts {
    const problem = designProblem(names);
    if (problem !== undefined) throw new RangeError(problem);
    return {
      relidMap: this.choice('relidMap', names.relidMap),
      topLevel: this.choice('topLevel', names.topLevel),
      lifetime: this.choice('lifetime', names.lifetime),
      modifyChannel: this.choice('modifyChannel', names.modifyChannel),
      offlineGuard: this.choice('offlineGuard', names.offlineGuard),
      freeCpus: this.choice('freeCpus', names.freeCpus),
      offerFilter: this.choice('offerFilter', names.offerFilter),
      offlinePolicy: this.choice('offlinePolicy', names.offlinePolicy),
      ringOrder: this.choice('ringOrder', names.ringOrder),
      flowControl: this.choice('flowControl', names.flowControl),
      openOrder: this.choice('openOrder', names.openOrder),
      netvscNames: this.choice('netvscNames', names.netvscNames),
    };
  }

  private choicesOf(axis: DesignAxis): readonly string[] {
    const token = axisToken(axis);
    const names = this.bound.namesOf(token);
    for (const name of names) this.bound.named(token, name, unfitChoice);
    return names;
  }
}

function perAxis<T>(of: (axis: DesignAxis) => T): Readonly<Record<DesignAxis, T>> {
  return Object.fromEntries(designAxes.map((axis) => [axis, of(axis)])) as Record<DesignAxis, T>;
}

function unknownName(key: string, name: string, known: readonly string[]): RangeError {
  return new RangeError(
    `${key}: expected one of ${known.join(', ')}, not "${name}"${didYouMean(name, known)}`,
  );
}
