import { ContainerModule } from 'inversify';
import { HOST_BACKEND } from '../host/device.js';
import { HyperV } from '../host/hyperv.js';
import { HOST_OBSERVER, type HostObserver } from '../host/observer.js';
import { VMBUS_DRIVER } from '../vmbus/driver.js';

/**
 * A guest without drivers, on a host whose devices do nothing.
 *
 * @param observer is told what goes between them.
 * @param prepare is given the host before the guest connects to it.
 */
export function recordedMachineModule(
  observer: HostObserver,
  prepare: (host: HyperV) => void,
): ContainerModule {
  return new ContainerModule(({ bind, isBound, onActivation, unbind }) => {
    for (const token of [VMBUS_DRIVER, HOST_BACKEND]) if (isBound(token)) unbind(token);
    bind(HOST_OBSERVER).toConstantValue(observer);
    if (!isBound(HyperV)) return;
    onActivation(HyperV, (_context, host) => {
      prepare(host);
      return host;
    });
  });
}
