import { ContainerModule } from 'inversify';
import { races } from './index.js';
import { RACE } from './race.js';

/** The races of the mail threads, at RACE. */
export const racesModule = new ContainerModule(({ bind }) => {
  for (const race of races) bind(RACE).toConstantValue(race);
});
