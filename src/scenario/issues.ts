import type { z } from 'zod';
import type { Diagnostic } from './diagnostics.js';
import type { Source } from './source.js';
import { didYouMean } from './suggest.js';

type Issue = z.core.$ZodIssue;

/** What a schema found wrong, as sentences with positions. For the convention of the texts see schema/shapes.ts. */
export function describeIssues(issues: readonly Issue[], data: unknown, source: Source): Diagnostic[] {
  return withoutFollowUps(issues).flatMap((issue) => describe(issue, [], data, source));
}

/** Which keys a mapping needs is only worth saying when it has no misspelt ones. */
function withoutFollowUps(issues: readonly Issue[]): Issue[] {
  const misspelt = new Set(
    issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [path.join('/')] : [])),
  );
  return issues.filter(({ code, path }) => code !== 'custom' || !misspelt.has(path.join('/')));
}

function describe(issue: Issue, prefix: PropertyKey[], data: unknown, source: Source): Diagnostic[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, issue.message.split(' '), path, source));
    case 'invalid_union': {
      const fitting = fittingBranch(issue.errors);
      if (fitting !== undefined) {
        return withoutFollowUps(fitting).flatMap((inner) => describe(inner, path, data, source));
      }
      break;
    }
    case 'invalid_key': {
      const place = source.placeOfKey(path);
      return [{ place, message: `expected ${issue.issues[0].message}, not ${show(String(path.at(-1)))}` }];
    }
    case 'custom':
      return [{ place: source.placeOf(path), message: issue.message }];
  }
  const value = valueAt(data, path);
  if (value === undefined && path.length > 0) {
    return [
      {
        place: source.placeOf(path),
        message: `"${String(path.at(-1))}" is missing: expected ${issue.message}`,
      },
    ];
  }
  const written = source.textOf(path);
  if (
    issue.code === 'invalid_value' &&
    typeof value === 'number' &&
    written !== undefined &&
    written !== String(value)
  ) {
    const message = `expected ${issue.message}, not ${written}, which without quotation marks is the number ${value}`;
    return [{ place: source.placeOf(path), message }];
  }
  const isWord = typeof value === 'string' && /^[a-z]/i.test(value);
  const suggestion =
    issue.code === 'invalid_value' && isWord ? didYouMean(value, issue.values.map(String)) : '';
  const mayBePlugins = isWord && suggestion === '' && (path[0] === 'design' || path[0] === 'arch');
  const message = `expected ${issue.message}, not ${show(value)}${suggestion}`;
  return [{ place: source.placeOf(path), message, mayBePlugins }];
}

/**
 * The branch of a union that the value was meant for: the only one that accepts its type, or else the one that finds
 * least wrong with it.
 */
function fittingBranch(branches: readonly Issue[][]): Issue[] | undefined {
  const fitting = branches.filter(
    (issues) => !issues.some(({ code, path }) => path.length === 0 && isTypeIssue(code)),
  );
  const least = Math.min(...fitting.map(complaints));
  const best = fitting.filter((issues) => complaints(issues) === least);
  return best.length === 1 ? best[0] : undefined;
}

function complaints(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
}

function isTypeIssue(code: Issue['code']): boolean {
  return code === 'invalid_type' || code === 'invalid_value';
}

function unknownKey(key: string, known: readonly string[], path: PropertyKey[], source: Source): Diagnostic {
  const suggestion = didYouMean(key, known);
  const hint = suggestion || `; known here: ${known.join(', ')}`;
  const mayBePlugins = suggestion === '' && path[0] === 'timeline' && path.length === 2;
  return { place: source.placeOfKey([...path, key]), message: `unknown key "${key}"${hint}`, mayBePlugins };
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A short form of `value` as it may stand in a YAML file. */
function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? text.slice(0, 57) + '…"' : text;
}
