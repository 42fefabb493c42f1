/** The kernels whose behaviour can be chosen. */
export const kernelVersions = ['6.1', '6.10', '6.12', '6.18', '7.2', '7.3'] as const;
/** A kernel version that a guest can be of. */
export type KernelVersion = (typeof kernelVersions)[number];
