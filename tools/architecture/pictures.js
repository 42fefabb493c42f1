// The imports between rooms as a picture and as a matrix. `imports` has for each room those that it imports.

/**
 * A mermaid flowchart of the arrows that do not follow from others, in the order of `rooms`.
 *
 * @throws Error if a room imports itself by way of others.
 */
export function flowchart(rooms, imports) {
  const lines = ['flowchart BT'];
  for (const from of rooms) {
    const direct = importsOf(imports, from);
    const follows = new Set(direct.flatMap((room) => [...knownTo(imports, room)]));
    if (follows.has(from)) throw new Error(`${from} imports itself by way of others`);
    for (const to of rooms) if (direct.includes(to) && !follows.has(to)) lines.push(`  ${from} --> ${to}`);
  }
  return lines.join('\n');
}

/** A line for each room: an x for each that it imports, its own place between those above and those below it. */
export function matrix(rooms, imports) {
  const width = Math.max(...rooms.map((room) => room.length));
  const mark = (from, to) => (from === to ? '\\' : importsOf(imports, from).includes(to) ? 'x' : '.');
  const lines = rooms.map((from) => `${from.padEnd(width)}  ${rooms.map((to) => mark(from, to)).join(' ')}`);
  return lines.join('\n');
}

/** All that a room imports directly or by way of others. */
function knownTo(imports, room, found = new Set()) {
  for (const next of importsOf(imports, room)) {
    if (found.has(next)) continue;
    found.add(next);
    knownTo(imports, next, found);
  }
  return found;
}

function importsOf(imports, room) {
  return imports.get(room) ?? [];
}
