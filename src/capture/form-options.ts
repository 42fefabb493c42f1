import { kernelBehaviour } from '../irq/kernel.js';
import type { PlatformDefinition } from '../platform/platform.js';
import type { KernelVersion } from '../scenario/options/kernel.js';
import type { ProcInterruptsOptions } from '../scenario/options/proc-interrupts.js';
import { hasLevelColumn } from '../view/interrupts/arch.js';
import type { ParsedInterrupts } from '../view/interrupts/parse.js';
import { type InterruptsForm, labelWidth } from '../view/interrupts/table.js';

/** Forms that a modelled kernel prints without being told to. */
export const ownForms: ReadonlySet<InterruptsForm> = new Set(['6.1', '6.12', '6.13', '7.2']);

/** nrIrqs, where the first column of the capture is not as wide as the guest's would be. */
export function nrIrqsOf(
  { table, form }: ParsedInterrupts,
  platform: PlatformDefinition,
  nrCpuIds: number,
): { nrIrqs?: number } {
  const width = table.labelWidth;
  const most = form === '7.2' ? (platform.mostNrIrqs?.(nrCpuIds) ?? 0) : 0;
  const usual = Math.max(platform.nrIrqs(nrCpuIds), most);
  const highest = Math.max(0, ...table.rows.map((row) => (row.kind === 'irq' ? row.irq : 0)));
  if (labelWidth(form, Math.max(usual, highest + 1)) === width) return {};
  const narrowest = labelWidth(form, 0);
  return { nrIrqs: width > narrowest ? Math.max(10 ** (width - 1), highest + 1) : Math.max(17, highest + 1) };
}

/** What must be said about the form, where the guest's kernel prints another. */
export function procInterruptsOf(
  parsed: ParsedInterrupts,
  kernel: KernelVersion,
  platform: PlatformDefinition,
): { procInterrupts?: ProcInterruptsOptions } {
  const { form, table } = parsed;
  const levels = table.rows.some((row) => row.kind === 'irq' && row.trigger !== null);
  const usualLevels = hasLevelColumn({ arch: parsed.arch, sources: () => [] });
  const options: ProcInterruptsOptions = {
    ...((!ownForms.has(form) || kernelBehaviour(kernel).procInterruptsForm !== form) && { form }),
    ...(parsed.arch !== platform.arch && { arch: parsed.arch }),
    ...(levels !== usualLevels && { levelColumn: levels }),
    ...(form === '7.2' && table.chipWidth > 8 && { chipWidth: table.chipWidth }),
  };
  return Object.keys(options).length > 0 ? { procInterrupts: options } : {};
}

/** Whether a kernel prints /proc/interrupts in the columns of this form: 6.1 and 6.12 have the same. */
export function hasColumnsOf(kernel: KernelVersion, form: InterruptsForm): boolean {
  const same = (one: InterruptsForm): InterruptsForm => (one === '6.12' ? '6.1' : one);
  return same(kernelBehaviour(kernel).procInterruptsForm) === same(form);
}
