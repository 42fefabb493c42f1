/** Memory of each node in kB, and how much of it is free. Nothing in the model depends on it. */
const TOTAL_KB = 8 * 1024 * 1024;
const FREE_KB = 7 * 1024 * 1024;

/** Names of the amounts that follow, all 0 here. */
const rest = [
  'SwapCached',
  'Active',
  'Inactive',
  'Active(anon)',
  'Inactive(anon)',
  'Active(file)',
  'Inactive(file)',
  'Unevictable',
  'Mlocked',
  'Dirty',
  'Writeback',
  'FilePages',
  'Mapped',
  'AnonPages',
  'Shmem',
  'KernelStack',
  'PageTables',
  'SecPageTables',
  'NFS_Unstable',
  'Bounce',
  'WritebackTmp',
  'KReclaimable',
  'Slab',
  'SReclaimable',
  'SUnreclaim',
  'AnonHugePages',
  'ShmemHugePages',
  'ShmemPmdMapped',
  'FileHugePages',
  'FilePmdMapped',
] as const;

/** nodeN/meminfo (drivers/base/node.c node_read_meminfo). */
export function nodeMeminfo(node: number): string {
  const line = (name: string, kb: number): string =>
    `Node ${node} ${`${name}:`.padEnd(15)} ${String(kb).padStart(8)} kB\n`;
  const hugePages = ['Total', 'Free', 'Surp'].map(
    (name) => `Node ${node} HugePages_${`${name}:`.padEnd(6)} ${'0'.padStart(5)}\n`,
  );
  return [
    line('MemTotal', TOTAL_KB),
    line('MemFree', FREE_KB),
    line('MemUsed', TOTAL_KB - FREE_KB),
    ...rest.map((name) => line(name, 0)),
    ...hugePages,
  ].join('');
}
