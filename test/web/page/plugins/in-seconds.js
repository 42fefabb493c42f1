// @ts-check
/** @param {number} ns */
export function inSeconds(ns) {
  return ns / 1e9;
}
