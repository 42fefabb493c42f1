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

test("a third party's event is traced as the kernel's are: in the library, in tracefs with filters, and in files", () => {
  const vm = guest();
  const { fs } = vm;
  const TRACING = '/sys/kernel/tracing';
  expect(vm.machine.tracePort).toBeUndefined();
  const trace = vm.trace({ events: ['sensor:*'] });
  const heard: unknown[] = [];
  trace.on('sensor_reading', ({ values }) => heard.push(values));
  vm.host.signal(41, 2);
  fs.writeFile(`${TRACING}/events/sensor/sensor_reading/filter`, 'relid == 40');
  vm.host.signal(40);
  vm.host.signal(41);
  const readings = [
    { relid: 41, reading: 1 },
    { relid: 41, reading: 2 },
    { relid: 40, reading: 1 },
  ];
  expect(heard).toEqual(readings);
  expect(
    [...trace].map(({ event, values }) => `${event.system}:${event.name} ${event.textOf(values)}`),
  ).toEqual(readings.map(({ relid, reading }) => `sensor:sensor_reading relid=${relid} reading=${reading}`));
  expect(fs.readFile(`${TRACING}/available_events`)).toContain('sensor:sensor_reading\n');
  expect(fs.readFile(`${TRACING}/events/sensor/sensor_reading/format`)).toMatch(
    /\tfield:u32 relid;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:u32 reading;\toffset:12;/,
  );
  expect(fs.readFile(`${TRACING}/trace_pipe`).match(/sensor_reading: relid=\d+ reading=\d+\n/g)).toHaveLength(
    3,
  );
  const [line] = Buffer.from(trace.file('jsonl')).toString().split('\n');
  expect(JSON.parse(line)).toMatchObject({ event: 'sensor:sensor_reading', fields: readings[0] });
});
