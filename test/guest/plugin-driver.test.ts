import { expect, test } from '@jest/globals';
import { Guest } from 'irqlab';
import { pluginModule, SENSOR_CLASS } from '../../examples/plugin-driver/plugin.js';

const guest = (): Guest =>
  Guest.create(
    {
      cpus: 2,
      devices: [
        { driver: 'heartbeat', relid: 7 },
        { class: SENSOR_CLASS, relid: 40 },
        { class: SENSOR_CLASS, relid: 41 },
      ],
    },
    { modules: [pluginModule] },
  );

test("a third party's driver serves its devices and names their interrupts", () => {
  const vm = guest();
  vm.host.signal(41, 3);
  const rows = vm.procInterrupts();
  expect(rows).toMatch(/^ 29: {10}0 {10}0 {5}VMBus {2}40 {2}sensor0$/m);
  expect(rows).toMatch(/^ 30: {10}3 {10}0 {5}VMBus {2}41 {2}sensor1$/m);
  vm.irq(30).setAffinity([1]);
  vm.run({ ms: 1 });
  vm.host.signal(41);
  expect(vm.irq(30).counts).toEqual([3, 1]);
  vm.host.rescind(40);
  expect(vm.procInterrupts()).not.toMatch(/sensor0/);
});

test("a third party's irqdomain has its rows beside those of VMBus", () => {
  expect(guest().procInterrupts()).toMatch(/^ 24: {10}0 {10}0 {3}BUTTONS {3}0 {2}button0$/m);
});
