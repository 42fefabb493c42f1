// @ts-check
// An action of one's own for the timeline of scenarios: `flap` takes a CPU offline and brings it back, `often` times. One
// object is its schema, its words in reports, what it does, and what is checked before it is done; so it stands in the
// messages about wrong steps ("one of …") and in the output of --json like any other.
//
//   $ irqlab run examples/plugin-scenario-action/flap.yaml --plugin examples/plugin-scenario-action/plugin.js
import { ContainerModule } from 'inversify';
import { defineAction, SCENARIO_ACTION, schema } from 'irqlab';

export const flap = defineAction({
  name: 'flap',
  value: schema.cpu.describe('Take this CPU offline and bring it back'),
  // Keys that go with it in a step; their descriptions are what editors show.
  companions: { often: schema.int(1, 1000).optional().describe('how often; default 1') },
  fields: (cpu, { often = 1 }) => ({ cpu, often }),
  describe: ({ cpu, often }) => `flap ${cpu}${often === 1 ? '' : ` ${often} times`}`,
  perform(guest, { cpu, often }) {
    // What the guest refuses is thrown, and is what `expect:` is compared with.
    for (let i = 0; i < often; i++) {
      guest.offline(cpu);
      guest.online(cpu);
    }
    return { kind: 'done' };
  },
  check: ({ cpu }, at, { cpus }) => cpus.check(cpu, at),
});

export default new ContainerModule(({ bind }) => {
  bind(SCENARIO_ACTION).toConstantValue(flap);
});
