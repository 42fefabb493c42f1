const LONGEST_TEXT = 40;

/** What something is, in an error that says what was expected in its place: `a RegExp`, `a Promise`, `5`, `"text"`. */
export function namedValue(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string') {
    const text = JSON.stringify(value);
    return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const { name = 'Object' } = (value.constructor ?? {}) as { readonly name?: string };
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}
