// What the schemas of a scenario file are made of, for actions of plug-ins.
export {
  bool,
  cpu,
  cpuList,
  duration,
  guestPath,
  guid,
  irq,
  nonEmpty,
  relid,
  textOrNumber,
  u32,
} from './notations.js';
export { int, keysIn, list, mapping, whenMapping, word } from './shapes.js';
