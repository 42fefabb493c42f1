// zod compiles its checks with `new Function` where it may. A page's policy forbids that, and tells of each attempt, so
// this must be loaded before zod looks (zod's core.js: globalConfig).
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
export {};
