export const architectures = ['x86_64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** Rows of /proc/interrupts that have a name instead of a number. */
export const architectureRowNames: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: [
    ...[
      'NMI',
      'LOC',
      'SPU',
      'PMI',
      'IWI',
      'RTR',
      'RES',
      'CAL',
      'TLB',
      'TRM',
      'THR',
      'DFR',
      'MCE',
      'MCP',
      'HYP',
    ],
    ...['HRE', 'HVS', 'ERR', 'MIS', 'PIN', 'NPI', 'PIW'],
  ],
  arm64: ['IPI0', 'IPI1', 'IPI2', 'IPI3', 'IPI4', 'IPI5', 'IPI6', 'IPI7', 'Err'],
};
