import {
  type ModuleParameter,
  moduleParameters as known,
  type ParameterValues,
} from '../../vmbus/module-parameters.js';
import { bool } from './notations.js';
import { int, mapping } from './shapes.js';

const bounds = { int: [-(2 ** 31), 2 ** 31 - 1], uint: [0, 2 ** 32 - 1] } as const;

function parameterValue({ kind, least, most, initial }: ModuleParameter) {
  if (kind === 'bool') return bool.optional().describe(`Default ${String(initial)}`);
  const [lowest, highest] = bounds[kind];
  return int(least ?? lowest, most ?? highest)
    .optional()
    .describe(`Default ${String(initial)}`);
}

function parametersOf(module: string) {
  const own = known.filter((parameter) => parameter.module === module);
  return mapping(
    `a mapping such as {${own[0].name}: ${String(own[0].initial)}}`,
    Object.fromEntries(own.map((parameter) => [parameter.name, parameterValue(parameter)])),
  )
    .optional()
    .describe(`Parameters of ${module}`);
}

const modules = [...new Set(known.map(({ module }) => module))];

export const moduleParameters = mapping(
  'a mapping such as {hv_netvsc: {ring_size: 256}}',
  Object.fromEntries(modules.map((module) => [module, parametersOf(module)])),
).transform(
  (given): ParameterValues =>
    Object.fromEntries(Object.entries(given).map(([module, values]) => [module, definedOnly(values ?? {})])),
);

function definedOnly<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
