/** The kernel's spelling of one of our function names: handleEdgeIrq → handle_edge_irq. */
export function kernelName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
