import { sourceStack } from './source-stack.js';

/**
 * How a defect of irqlab is told to its user: with all that a report of it needs.
 *
 * @param plugins files of the plug-ins that are in use, whose defect it may be.
 */
export function defectText(error: unknown, plugins: readonly string[] = []): string {
  const text = error instanceof Error ? sourceStack(error.stack ?? error.message) : String(error);
  if (plugins.length > 0)
    return `irqlab: this is a defect of irqlab or of the plug-in ${plugins.join(', ')}:\n${text}\n`;
  return `irqlab: this is a defect of irqlab, please report it:\n${text}\n`;
}
