// What users of vitest write: `npm run package` compiles and runs it beside the packed package.
import { ContainerModule } from 'inversify';
import { Guest, OFFER_FILTER, type OfferFilter } from 'irqlab';
import { check, MemoryWord, type Model, type Procedure } from 'irqlab/explore';
import 'irqlab/vitest';
import { expect, test } from 'vitest';

const vm = () => Guest.create({ cpus: 4, devices: [{ driver: 'netvsc', relid: 13, channels: 4 }] });

test('guests', () => {
  const guest = vm();
  expect(() => guest.cpu(3).offline()).toRefuse('EBUSY', 'channel 16');
  guest.channel(16).setCpu(0);
  guest.cpu(3).offline();
  expect(guest).toHaveChannelOn(16, 0);
  expect(guest).not.toHaveChannelOn(16, 3);
  expect(guest).toHaveLostNoEvents();
  expect(guest).toMatchInterrupts(guest.procInterrupts());
});

test('a design of one’s own', () => {
  const nothing: OfferFilter = { takes: () => false };
  const module = new ContainerModule(({ bind }) => {
    bind(OFFER_FILTER).toConstantValue(nothing).whenNamed('nothing');
  });
  const devices = [{ driver: 'heartbeat', relid: 7 }] as const;
  const guest = Guest.create({ cpus: 1, design: { offerFilter: 'nothing' }, devices }, { modules: [module] });
  expect([...guest.vmbus.connection.channels()]).toEqual([]);
});

function* add(count: MemoryWord): Procedure<void> {
  yield count.read;
  const seen = count.load();
  yield count.write;
  count.store(seen + 1);
}

const counter = (cpus: number): Model<MemoryWord> => ({
  name: 'counter',
  setup(world) {
    const count = new MemoryWord('count');
    for (let cpu = 0; cpu < cpus; cpu++) world.task(cpu, `P${cpu}`, add(count));
    return count;
  },
  finally: { 'no update is lost': ({ value }) => value === cpus || `${value} of ${cpus}` },
});

test('reports of searches', () => {
  expect(check(counter(1))).toFindNoRace();
  expect(() => expect(check(counter(2))).toFindNoRace()).toThrow(
    /there is one:[\s\S]*no update is lost: 1 of 2/,
  );
});

test('what does not hold is said', () => {
  expect(() => expect(vm()).toHaveChannelOn(16, 0)).toThrow(
    /^expected channel 16 \(IRQ \d+\) on CPU 0, but it is on CPU 3$/,
  );
  // @ts-expect-error: relids are numbers, which the compiler says before the test does.
  expect(() => expect(vm()).toHaveChannelOn('16', 0)).toThrow(/not "16"/);
});
