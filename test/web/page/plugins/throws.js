import { ContainerModule } from 'inversify';
import { defineAction, SCENARIO_ACTION, schema } from 'irqlab';

const explode = defineAction({
  name: 'explode',
  value: schema.int(1, 9),
  fields: (value) => ({ value }),
  describe: () => 'explode',
  perform() {
    throw new TypeError('exploded');
  },
});

export default new ContainerModule(({ bind }) => {
  bind(SCENARIO_ACTION).toConstantValue(explode);
});
