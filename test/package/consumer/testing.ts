// Matchers as a test framework other than jest takes them.
import { ErrnoError, Guest, type UnreadFile } from 'irqlab';
import * as matchers from 'irqlab/testing';
import type { MatcherResult } from 'irqlab/testing';

export function useMatchers(): string {
  const vm = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
  const results: readonly MatcherResult[] = [
    matchers.toHaveLostNoEvents(vm),
    matchers.toHaveChannelOn(vm, 7, 0),
    matchers.toRefuse(() => vm.cpu(0).offline(), 'EBUSY'),
    matchers.toRefuse(() => {
      throw new ErrnoError('EIO', 'of another kind');
    }, 'EBUSY'),
  ];
  return `${results.map(({ pass }) => pass).join(' ')}, ${results[3].message()}`;
}

/** What a directory that is in use is refused with; what could not be read otherwise. */
export function exportInto(directory: string): string {
  try {
    const unread: readonly UnreadFile[] = Guest.create({ cpus: 1 }).exportTree(directory);
    return unread.map(({ path, error }) => `${path}: ${error.code}`).join();
  } catch (error) {
    return error instanceof RangeError ? 'refused' : String(error);
  }
}
