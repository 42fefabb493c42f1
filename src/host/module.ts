import { type Bind, ContainerModule } from 'inversify';
import { Machine } from '../machine/machine.js';
import { GUEST_PORT } from '../vmbus/host-port.js';
import { type BackendOptions, builtinBackends } from './backends/index.js';
import { HOST_BACKEND } from './device.js';
import { HyperV, type HyperVOptions } from './hyperv.js';
import { TRACE_EVENT } from '../trace/event-token.js';
import { HOST_OBSERVER } from './observer.js';
import { labEvents } from './trace-events.js';

/** Binds the host and the models of the devices that it has by itself to HOST_BACKEND. It needs Machine and GUEST_PORT. */
export function hostModule(
  options: Omit<HyperVOptions, 'backends'>,
  backends: BackendOptions,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bindLabEvents(bind);
    for (const backend of builtinBackends(backends)) bind(HOST_BACKEND).toConstantValue(backend);
    bind(HyperV)
      .toDynamicValue(({ get, getAll }) => {
        const { clock } = get(Machine);
        const observer = get(HOST_OBSERVER, { optional: true });
        const backends = getAll(HOST_BACKEND, { optional: true });
        return new HyperV(clock, get(GUEST_PORT), { ...options, observer, backends });
      })
      .inSingletonScope();
  });
}

/** Binds a host that runs already, with its models of devices. */
export function runningHostModule(host: HyperV): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bindLabEvents(bind);
    bind(HyperV).toConstantValue(host);
  });
}

function bindLabEvents(bind: Bind): void {
  for (const event of labEvents) bind(TRACE_EVENT).toConstantValue(event);
}
