import { z } from 'zod';
import { mapping } from './schema/shapes.js';
import { scenarioShape, type ScenarioShape } from './schema/scenario.js';
import { stepSchema } from './schema/step.js';
import { builtinVocabulary, checkActions, type ScenarioVocabulary } from './vocabulary.js';

/** The schemas of scenario files that speak of what a vocabulary has. */
export class ScenarioLanguage {
  readonly shape: ScenarioShape;
  readonly schema;
  /** A step of the timeline by itself. */
  readonly step;

  /** @throws PluginError if actions get into each other's way. */
  constructor(readonly vocabulary: ScenarioVocabulary) {
    checkActions(vocabulary.actions);
    this.step = stepSchema(vocabulary.actions);
    this.shape = scenarioShape(vocabulary, this.step);
    this.schema = mapping('a mapping of keys such as "cpus" and "devices"', this.shape);
  }

  /** The JSON Schema of scenario files, for editors. */
  jsonSchemaText(): string {
    const { $schema, ...schema } = z.toJSONSchema(this.schema, { io: 'input', target: 'draft-07' });
    const head = {
      $schema,
      title: 'irqlab scenario',
      description: 'A guest on Hyper-V and what happens to it',
    };
    return JSON.stringify({ ...head, ...schema }, undefined, 2) + '\n';
  }
}

/** The language without plug-ins. */
export const builtinLanguage = new ScenarioLanguage(builtinVocabulary);
