import { existsSync } from 'node:fs';
import { UsageError } from '../../command/usage-error.js';
import type { Race, RaceVariant } from '../../races/race.js';

/** @throws UsageError that names the races. */
export function raceNamed(races: readonly Race[], id: string): Race {
  const race = races.find((candidate) => candidate.id === id);
  if (race !== undefined) return race;
  if (existsSync(id))
    throw new UsageError(
      `${id} is no file of a race by its name`,
      'Such a file ends in .ts, .mts, .js or .mjs; "irqlab init race" writes one to start from.',
    );
  throw new UsageError(
    `there is no race "${id}"`,
    `Races: ${races.map((known) => known.id).join(', ')}\nA plug-in's must be loaded with --plugin FILE.`,
  );
}

/** @throws UsageError that names the variants. */
export function variantNamed(race: Race, name: string): RaceVariant {
  const variant = race.variants.find((candidate) => candidate.name === name);
  if (variant !== undefined) return variant;
  throw new UsageError(
    `race ${race.id} has no variant "${name}"`,
    `Variants: ${race.variants.map((known) => known.name).join(', ')}`,
  );
}
