import { ContainerModule } from 'inversify';
import { GUEST_FILE, procFile } from 'irqlab';

// Node has a process, a page has none.
const path = `/proc/of_${process.platform}`;

export default new ContainerModule(({ bind }) => {
  bind(GUEST_FILE).toConstantValue({ path, node: procFile(0o444, { read: () => '\n' }) });
});
