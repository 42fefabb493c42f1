import { Plugin, type PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';
import { unfitInversify } from '../../drivers/injection.js';

type PlanCache = PluginContext['planResultCacheService'];
type Plan = NonNullable<ReturnType<PlanCache['get']>>;
type ServiceNode = Plan['tree']['root'];
type BindingNode = Extract<NonNullable<ServiceNode['bindings']>, readonly unknown[]>[number];

/**
 * What makes a container forget all that it has made, and how: whoever has these things keeps them.
 *
 * inversify refers to the nodes of its plans weakly, and what a weak reference was made to in a job lives until the job
 * ends. A program that makes guest after guest without waiting for its event loop would keep all plans, and by them all
 * that was made: so the nodes are taken apart.
 */
export function forgetter(container: Container): () => void {
  let forget = (): void => {};
  class Forgetter extends Plugin<Container> {
    override load(): void {
      const { bindingService, activationService, planResultCacheService } = this._context;
      if (typeof planResultCacheService.getByServiceIdentifier !== 'function') throw unfitInversify();
      // Whoever binds an activation does so before anything is planned, so there is nothing to tell the nodes later.
      activationService.subscribeOnce = () => {};
      forget = () => {
        const ids = [...bindingService.getNonParentBoundServices()];
        // First of all: nodes whose bindings have gone are planned anew when they are looked at.
        for (const id of ids)
          for (const plan of plansOf(planResultCacheService, id))
            if (plan !== undefined) takeApart(plan.tree.root);
        for (const id of ids)
          for (const binding of bindingService.getNonParentBindings(id) ?? [])
            if ('cache' in binding) binding.cache = { isRight: false, value: undefined };
        container.unbindAll();
      };
    }
  }
  container.register(Forgetter);
  return () => forget();
}

/** The plans for one thing that is bound to a token, and for all things. */
function plansOf(plans: PlanCache, id: ServiceIdentifier): readonly (Plan | undefined)[] {
  const all = {
    serviceIdentifier: id,
    isMultiple: true,
    chained: false,
    name: undefined,
    tag: undefined,
  } as const;
  return [
    plans.getByServiceIdentifier(id),
    plans.get({ ...all, optional: false }),
    plans.get({ ...all, optional: true }),
  ];
}

/** Ends what a node of a plan refers to, and the nodes below. */
function takeApart(node: ServiceNode): void {
  const { bindings } = node;
  if (bindings === undefined) return;
  node.bindings = undefined;
  for (const binding of Array.isArray(bindings) ? bindings : [bindings])
    for (const below of nodesBelow(binding)) takeApart(below);
}

/** The nodes that a binding's are made of. */
function nodesBelow(binding: BindingNode): readonly ServiceNode[] {
  const below: ServiceNode[] = [];
  if ('constructorParams' in binding)
    for (const param of binding.constructorParams) if ('bindings' in param) below.push(param);
  if ('propertyParams' in binding) below.push(...binding.propertyParams.values());
  if ('params' in binding) below.push(...binding.params);
  if ('redirection' in binding) below.push(binding.redirection);
  return below;
}
