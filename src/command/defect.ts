/** How a defect of irqlab is told to its user: with all that a report of it needs. */
export function defectText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `irqlab: this is a defect of irqlab, please report it:\n${text}\n`;
}
