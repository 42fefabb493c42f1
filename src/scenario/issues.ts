import type { z } from 'zod';
import type { Diagnostic } from './diagnostics.js';
import type { Path } from './place.js';
import type { Source } from './source.js';
import { didYouMean } from './suggest.js';

type Issue = z.core.$ZodIssue;

/** Something that a schema found wrong. */
export interface Complaint {
  readonly path: Path;
  /** True if the key that `path` ends with is wrong, not its value. */
  readonly isOfKey?: boolean;
  /** What is wrong and what was expected. */
  readonly message: string;
  /** True if something of this type cannot be there at all, or a value is missing. */
  readonly isOfType: boolean;
  /** True for a name that is not known, nor close to one that is, and could be that of something in a plug-in. */
  readonly mayBePlugins?: boolean;
}

/** What a schema found wrong in a file, as sentences with positions. */
export function describeIssues(issues: readonly Issue[], data: unknown, source: Source): Diagnostic[] {
  return complaintsOf(issues, data, (path) => source.textOf(path)).map(
    ({ path, isOfKey, message, mayBePlugins }) => ({
      place: isOfKey === true ? source.placeOfKey(path) : source.placeOf(path),
      message,
      mayBePlugins,
    }),
  );
}

/**
 * What a schema found wrong, as sentences. For the convention of the texts see schema/shapes.ts.
 *
 * @param writtenAt how a number is written, where it comes from a text.
 */
export function complaintsOf(
  issues: readonly Issue[],
  data: unknown,
  writtenAt: (path: Path) => string | undefined = () => undefined,
): Complaint[] {
  return withoutFollowUps(issues).flatMap((issue) => describe(issue, [], data, writtenAt));
}

/** Which keys a mapping needs is only worth saying when it has no misspelt ones. */
function withoutFollowUps(issues: readonly Issue[]): Issue[] {
  const misspelt = new Set(
    issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [path.join('/')] : [])),
  );
  return issues.filter(({ code, path }) => code !== 'custom' || !misspelt.has(path.join('/')));
}

function describe(
  issue: Issue,
  prefix: PropertyKey[],
  data: unknown,
  writtenAt: (path: Path) => string | undefined,
): Complaint[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, issue.message.split(' '), path));
    case 'invalid_union': {
      const fitting = fittingBranch(issue.errors);
      if (fitting !== undefined) {
        return withoutFollowUps(fitting).flatMap((inner) => describe(inner, path, data, writtenAt));
      }
      break;
    }
    case 'invalid_key': {
      const message = `expected ${issue.issues[0].message}, not ${show(String(path.at(-1)))}`;
      return [{ path, isOfKey: true, message, isOfType: false }];
    }
    case 'custom':
      return [{ path, message: issue.message, isOfType: issue.params?.isOfType === true }];
  }
  const value = valueAt(data, path);
  if (value === undefined && path.length > 0) {
    const message = `"${String(path.at(-1))}" is missing: expected ${issue.message}`;
    return [{ path, message, isOfType: true }];
  }
  const isOfType = !fitsType(issue, value);
  const written = writtenAt(path);
  if (
    issue.code === 'invalid_value' &&
    typeof value === 'number' &&
    written !== undefined &&
    written !== String(value)
  ) {
    const message = `expected ${issue.message}, not ${written}, which without quotation marks is the number ${value}`;
    return [{ path, message, isOfType }];
  }
  const isWord = typeof value === 'string' && /^[a-z]/i.test(value);
  const known = isWord ? wordsOf(issue) : [];
  const suggestion = isWord ? didYouMean(value, known) : '';
  const mayBePlugins = isWord && suggestion === '' && (path[0] === 'design' || path[0] === 'arch');
  const message = `expected ${issue.message}, not ${show(value)}${suggestion}`;
  return [{ path, message, isOfType, mayBePlugins }];
}

/** Whether a value is of the type that was expected, and only which one it is is wrong. */
function fitsType(issue: Issue, value: unknown): boolean {
  switch (issue.code) {
    case 'unrecognized_keys':
      return false;
    case 'invalid_type':
      return typeof value === 'number' && (issue.expected === 'number' || issue.expected === 'int');
    case 'invalid_value':
      return issue.values.some((known) => typeof known === typeof value);
    case 'invalid_union':
      return issue.errors.some((branch) =>
        branch.some((inner) => inner.path.length === 0 && fitsType(inner, value)),
      );
    default:
      return true;
  }
}

/** The words of which a value should have been one. */
function wordsOf(issue: Issue): string[] {
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
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

function unknownKey(key: string, known: readonly string[], path: PropertyKey[]): Complaint {
  const suggestion = didYouMean(key, known);
  const hint = suggestion || `; known here: ${known.join(', ')}`;
  const mayBePlugins = suggestion === '' && path[0] === 'timeline' && path.length === 2;
  const message = `unknown key "${key}"${hint}`;
  return { path: [...path, key], isOfKey: true, message, isOfType: true, mayBePlugins };
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A short form of `value` as it may stand in a YAML file, or in a program. */
function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? text.slice(0, 57) + '…"' : text;
}
