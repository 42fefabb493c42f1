import type { PciIdentity } from '../platform/pci/pci-function.js';
import type { PciDeviceOptions, PciDriverName } from '../scenario/options/pci.js';

const VENDOR_MICROSOFT = 0x1414;
const VENDOR_MELLANOX = 0x15b3;
const VENDOR_QUMRANET = 0x1af4;
const VENDOR_REDHAT = 0x1b36;
/** Subsystem of QEMU's devices. */
const QEMU = { subsystemVendor: VENDOR_QUMRANET, subsystemDevice: 0x1100 } as const;

const NETWORK = 0x020000;
const NVME = 0x010802;

/** The device that a driver usually serves: QEMU's outside Hyper-V, Azure's on its buses. */
function usual(driver: PciDriverName, isOnHyperv: boolean): Partial<PciIdentity> {
  switch (driver) {
    case 'nvme':
      return isOnHyperv
        ? { vendor: VENDOR_MICROSOFT, device: 0xb111, classCode: NVME }
        : { vendor: VENDOR_REDHAT, device: 0x0010, classCode: NVME, revision: 2, ...QEMU };
    case 'virtio-net':
      return { vendor: VENDOR_QUMRANET, device: 0x1041, classCode: NETWORK, revision: 1, ...QEMU };
    case 'virtio-blk':
      return { vendor: VENDOR_QUMRANET, device: 0x1042, classCode: 0x010000, revision: 1, ...QEMU };
    case 'mana':
      return { vendor: VENDOR_MICROSOFT, device: 0x00ba, classCode: NETWORK };
    case 'mlx5':
      return { vendor: VENDOR_MELLANOX, device: 0x1016, classCode: NETWORK };
    case 'msix':
      // QEMU's device for tests, which has no class.
      return { vendor: VENDOR_REDHAT, device: 0x0005, classCode: 0x00ff00, ...QEMU };
    case 'lines':
      return {};
  }
}

/** What a function is: as its options say, or what its driver usually serves. */
export function identityOf(options: PciDeviceOptions, isOnHyperv: boolean): PciIdentity {
  const { driver, classCode, revision } = options;
  const known = usual(driver, isOnHyperv);
  const [vendor = known.vendor ?? 0, device = known.device ?? 0] = pairOf(options.id);
  const [subsystemVendor = known.subsystemVendor ?? vendor, subsystemDevice = known.subsystemDevice ?? 0] =
    pairOf(options.subsystem);
  return {
    vendor,
    device,
    subsystemVendor,
    subsystemDevice,
    revision: revision ?? known.revision ?? 0,
    classCode: classCode ?? known.classCode ?? 0,
  };
}

/** `15b3:1016` as numbers. */
function pairOf(text: string | undefined): number[] {
  return text?.split(':').map((part) => Number.parseInt(part, 16)) ?? [];
}

/** The kernel's driver for a function (struct pci_driver name); undefined: it has none. */
export function kernelDriverOf({
  driver,
  kernelDriver,
  name = 'msix',
}: PciDeviceOptions): string | undefined {
  if (driver === 'lines') return kernelDriver;
  if (driver.startsWith('virtio')) return 'virtio-pci';
  if (driver === 'mlx5') return 'mlx5_core';
  return driver === 'msix' ? name : driver;
}
