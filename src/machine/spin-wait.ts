import { type Procedure, SharedObject, type Step } from './step.js';

/** Has contexts spin until a condition holds that others change (a loop around cpu_relax): not a sleep. */
export class SpinWait extends SharedObject {
  private readonly readStep: Step = { object: this, kind: 'read', found: () => this.condition() };

  constructor(
    name: string,
    private readonly condition: () => boolean,
  ) {
    super(name);
  }

  override blocks(step: Step): boolean {
    return step.kind === 'read' && !this.condition();
  }

  /** To be called after each change that the condition looks at. */
  changed(): void {
    this.wakeWaiters();
  }

  /** Spins until the condition holds. */
  *spin(): Procedure<void> {
    yield this.readStep;
  }
}
