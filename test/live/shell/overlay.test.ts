import { describe, expect, test } from '@jest/globals';
import {
  type HostEntry,
  type HostFiles,
  overlayScript,
  planOverlay,
  quote,
} from '../../../src/live/shell/overlay.js';

/** Directories with their entries; a name with a slash at its end is a directory, one with an arrow a link. */
function host(directories: Readonly<Record<string, readonly string[]>>): HostFiles {
  const entry = (name: string): HostEntry => {
    if (name.endsWith('/')) return { name: name.slice(0, -1), kind: 'directory' };
    const [link, target] = name.split('->');
    return target === undefined ? { name, kind: 'file' } : { name: link, kind: 'symlink', target };
  };
  return {
    kindOf(path) {
      if (path in directories) return 'directory';
      const parent = path.slice(0, path.lastIndexOf('/'));
      const found = directories[parent]
        ?.map(entry)
        .find(({ name }) => name === path.slice(parent.length + 1));
      return found?.kind === 'symlink' ? 'file' : found?.kind;
    },
    entries: (directory) => (directories[directory] ?? []).map(entry),
  };
}

const stage = { mounted: '/mnt/guest', host: '/mnt/sys' };
const script = (paths: readonly string[], files: HostFiles): string[] =>
  overlayScript(planOverlay(paths, files), stage).trim().split('\n');

describe('overlay', () => {
  test('what is there is covered', () => {
    const files = host({ '/proc': ['interrupts', 'irq/'], '/sys/kernel': ['irq/'] });
    expect(script(['/proc/interrupts', '/sys/kernel/irq'], files)).toEqual([
      "mount -n --bind '/mnt/guest/proc/interrupts' '/proc/interrupts'",
      "mount -n --bind '/mnt/guest/sys/kernel/irq' '/sys/kernel/irq'",
    ]);
  });

  test('what is not there is added to a directory that is rebuilt', () => {
    const files = host({ '/sys/bus': ['pci/', 'autoprobe', 'first->../devices/first'] });
    expect(script(['/sys/bus/vmbus'], files)).toEqual([
      "mount -n -t tmpfs -o mode=755,size=64k,nosuid,nodev,noexec irqlab '/sys/bus'",
      "mkdir -p '/sys/bus/pci'",
      "mount -n --rbind '/mnt/sys/bus/pci' '/sys/bus/pci'",
      ": > '/sys/bus/autoprobe'",
      "mount -n --rbind '/mnt/sys/bus/autoprobe' '/sys/bus/autoprobe'",
      "ln -s '../devices/first' '/sys/bus/first'",
      "mkdir -p '/sys/bus/vmbus'",
      "mount -n -o remount,bind,ro,nosuid,nodev,noexec '/sys/bus'",
      "mount -n --bind '/mnt/guest/sys/bus/vmbus' '/sys/bus/vmbus'",
    ]);
  });

  test('parents are rebuilt before children, and everything before the guest’s files are put in', () => {
    const files = host({
      '/sys': ['devices/'],
      '/sys/devices': ['system/'],
      '/sys/devices/system': ['cpu/'],
    });
    const paths = [
      '/sys/devices/system/cpu',
      '/sys/devices/system/node',
      '/sys/devices/A/B/C',
      '/sys/devices/D',
    ];
    const steps = planOverlay(paths, files).map(({ kind, path }) => `${kind} ${path}`);
    expect(steps).toEqual([
      'rebuild /sys/devices',
      'makeDirectory /sys/devices/system',
      'bindHost /sys/devices/system',
      'rebuild /sys/devices/system',
      'makeDirectory /sys/devices/system/cpu',
      'bindHost /sys/devices/system/cpu',
      'makeDirectory /sys/devices/system/node',
      'makeDirectory /sys/devices/A/B/C',
      'makeDirectory /sys/devices/D',
      'seal /sys/devices',
      'seal /sys/devices/system',
      ...paths.map((path) => `bindMounted ${path}`),
    ]);
  });

  test('names are quoted for the shell', () => {
    expect(quote("it's $HOME")).toBe("'it'\\''s $HOME'");
  });
});
