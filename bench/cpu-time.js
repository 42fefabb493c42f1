// Time that does not depend on who else has the cores: user and system CPU of this process.

/** @param from what process.cpuUsage() gave. */
export function secondsSince(from) {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}
