// The library under Node.
export * from './browser.js';
export { Guest } from './node-guest.js';
