import { Plugin } from '@inversifyjs/plugin';
import type { Container } from 'inversify';

/**
 * What makes a container forget all that it has made: whoever has these things keeps them.
 *
 * inversify refers to its own parts weakly, and what a weak reference was made to in a job lives until the job ends. A
 * program that makes guest after guest without waiting for its event loop would keep them all.
 */
export function forgetter(container: Container): () => void {
  let forget = (): void => {};
  class Forgetter extends Plugin<Container> {
    override load(): void {
      const { bindingService } = this._context;
      forget = () => {
        for (const id of bindingService.getNonParentBoundServices())
          for (const binding of bindingService.getNonParentBindings(id) ?? [])
            if ('cache' in binding) binding.cache = { isRight: false, value: undefined };
        container.unbindAll();
      };
    }
  }
  container.register(Forgetter);
  return () => forget();
}
