// Says why something that a plug-in has bound cannot be what it was bound as, and what to do; undefined if it can. What
// comes from JavaScript has been seen by no compiler.
import type { HostBackend } from '../../host/device.js';
import type { IrqDomainPlugin } from '../../irq/irqdomain-plugin.js';
import type { PlatformDefinition } from '../../platform/platform.js';
import type { Race } from '../../races/race.js';
import type { ScenarioAction } from '../../scenario/actions/action.js';
import { TraceEvent } from '../../trace/event.js';
import type { GuestFile } from '../../view/guest-file.js';
import type { DirectoryNode, FileNode, SymlinkNode } from '../../view/tree-node.js';
import type { VmbusDriver } from '../../vmbus/driver.js';
import { parseGuid } from '../../vmbus/protocol/guid.js';

/** Something of which nothing is known but what it should be. */
type Alleged<T> = { readonly [Key in keyof T]?: unknown };

/** Class ids are compared as strings, so that only the canonical form is one. */
function isGuid(value: unknown): boolean {
  try {
    return typeof value === 'string' && parseGuid(value) === value;
  } catch {
    return false;
  }
}

function guidProblem(value: unknown): string {
  return `class id ${JSON.stringify(value)} is not a GUID as irqlab writes it; make one with parseGuid('…')`;
}

export function unfitDriver(value: unknown): string | undefined {
  const { name, classIds, hvsock, loadedByHand, probe, remove } = value as Alleged<VmbusDriver>;
  if (typeof name !== 'string') return 'it has no name; give it one such as "hv_mine"';
  if (!(Array.isArray(classIds) && (classIds.length > 0 || hvsock === true || loadedByHand === true)))
    return `driver ${name} has no classIds; give it those of its devices: [parseGuid('…')]`;
  if (typeof probe !== 'function' || typeof remove !== 'function')
    return `driver ${name} needs the methods probe and remove`;
  const wrongId = classIds.find((id) => !isGuid(id));
  return wrongId === undefined ? undefined : `driver ${name}: ${guidProblem(wrongId)}`;
}

export function unfitBackend(value: unknown): string | undefined {
  const { classId } = value as Alleged<HostBackend>;
  if (typeof classId !== 'string') return "it has no classId; give it that of its devices: parseGuid('…')";
  return isGuid(classId) ? undefined : guidProblem(classId);
}

export function unfitDomain(value: unknown): string | undefined {
  const { name, attach } = value as Alleged<IrqDomainPlugin>;
  if (typeof name !== 'string') return 'it has no name';
  return typeof attach === 'function' ? undefined : `irqdomain ${name} needs the method attach`;
}

export function unfitFile(value: unknown): string | undefined {
  const { path, node } = value as Alleged<GuestFile>;
  if (typeof path !== 'string' || !/^\/(proc|sys|dev)\/./.test(path))
    return `its path is ${JSON.stringify(path)}; expected one in /proc, /sys or /dev`;
  return isNode(node)
    ? undefined
    : `${path} has no node; make one with procFile, sysfsFile or new StaticDirectory`;
}

export function unfitTraceEvent(value: unknown): string | undefined {
  return value instanceof TraceEvent ? undefined : "it is no event; make one with new TraceEvent('mine', …)";
}

function isNode(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, list, lookup, read, write, unwritable, target } = value as Alleged<
    DirectoryNode & FileNode & SymlinkNode
  >;
  if (kind === 'directory') return typeof list === 'function' && typeof lookup === 'function';
  if (kind === 'symlink') return typeof target === 'string';
  return kind === 'file' && isMethod(read) && isMethod(write) && typeof unwritable === 'object';
}

/** A method that may be missing. */
function isMethod(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}

export function unfitAction(value: unknown): string | undefined {
  const { name, plan } = value as Alleged<ScenarioAction>;
  if (typeof name === 'string' && typeof plan === 'function') return undefined;
  return 'it is not what defineAction makes';
}

export function unfitRace(value: unknown): string | undefined {
  const { id, variants } = value as Alleged<Race>;
  if (typeof id === 'string' && Array.isArray(variants) && variants.length > 0) return undefined;
  return 'it is not what defineRace makes';
}

export function unfitPlatform(value: unknown): string | undefined {
  const { name, create, nrIrqs, rowLabels } = value as Alleged<PlatformDefinition>;
  if (typeof name !== 'string') return 'it has no name';
  if (typeof create !== 'function' || typeof nrIrqs !== 'function' || !Array.isArray(rowLabels))
    return `platform ${name} needs create, nrIrqs and rowLabels`;
  return undefined;
}

/** A choice on an axis of the design is a function that builds it, or an object that is it. */
export function unfitChoice(value: unknown): string | undefined {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
    ? undefined
    : 'it is neither a function nor an object';
}
