import { describe, expect, test } from '@jest/globals';
import { kernelVersions } from '../../src/irq/kernel.js';
import { hypervBehaviour } from '../../src/vmbus/kernel.js';

// Names that logs and warnings of a kernel have in them, looked up in 6.1, 6.12 and 7.2.
describe('what a kernel calls', () => {
  test.each([
    // drivers/pci/controller/pci-hyperv.c
    [
      'the function that retargets an interrupt',
      'vpciRetarget',
      'hv_arch_irq_unmask',
      'hv_irq_retarget_interrupt',
    ],
    // drivers/scsi/storvsc_drv.c, "Failed to create sub-channel"
    ['the status of a completion', 'storvscStatusLabel', 'sts=', 'host=0x'],
    // drivers/video/fbdev, which is gone, and drivers/gpu/drm/hyperv
    ['the driver of the framebuffer', 'framebufferDriver', 'hyperv_fb', 'hyperv_drm'],
    // drivers/hv/vmbus_drv.c
    ['the tasklet of messages', 'messageTasklet', 'vmbus_on_msg_dpc', '__vmbus_on_msg_dpc'],
  ] as const)('%s', (_, field, before, now) => {
    expect((['6.1', '6.12', '7.2'] as const).map((kernel) => hypervBehaviour(kernel)[field])).toEqual([
      before,
      before,
      now,
    ]);
    for (const kernel of kernelVersions) expect([before, now]).toContain(hypervBehaviour(kernel)[field]);
  });
});
