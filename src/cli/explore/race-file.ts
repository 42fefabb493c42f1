/** True if what stands for a race is a file rather than an id. */
export function isRaceFile(name: string): boolean {
  return /[\\/]/.test(name) || /\.[mc]?[jt]s$/.test(name);
}
