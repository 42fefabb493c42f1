import { ContainerModule } from 'inversify';
import { SCENARIO_ACTION } from './actions/action.js';
import { builtinActions } from './actions/index.js';

/** irqlab's own actions, at SCENARIO_ACTION. */
export const scenarioModule = new ContainerModule(({ bind }) => {
  for (const action of builtinActions) bind(SCENARIO_ACTION).toConstantValue(action);
});
