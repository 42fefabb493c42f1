import { z } from 'zod';
import { scenarioSchema } from './index.js';

/** The JSON Schema of scenario files, for editors; the text of schema/scenario.schema.json. */
export function scenarioSchemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-07' });
  const head = {
    $schema,
    title: 'irqlab scenario',
    description: 'A guest on Hyper-V and what happens to it',
  };
  return JSON.stringify({ ...head, ...schema }, undefined, 2) + '\n';
}
