/**
 * A device on an interrupt line. A level-triggered one asserts the line until its driver has served it, so that on a
 * shared line each handler knows whether the interrupt is its own; an edge says nothing but that it came.
 */
export class LineDevice {
  /** It asserts a level. */
  isAsserting = false;
  /** The dev_id of the driver's request; undefined: nobody drives the device. */
  driver: object | undefined;

  constructor(public name: string) {}
}
