/** For each room those that it imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

export function flowchart(rooms: readonly string[], imports: Imports): string;
export function matrix(rooms: readonly string[], imports: Imports): string;
