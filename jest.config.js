/**
 * Workers load src once for all test files, with Node's own modules: several times faster than jest's runner, which
 * makes a world of modules for each file. `npm run coverage` needs that one (jest.coverage.config.js).
 *
 * @type {import('jest').Config}
 */
export default {
  runner: '<rootDir>/tools/jest/runner.js',
  // One process less than there are cores, which is jest's choice, would be one on a machine with two.
  maxWorkers: '100%',
  roots: ['<rootDir>/test'],
  setupFilesAfterEnv: ['<rootDir>/test/support/seed.ts'],
  testMatch: ['**/*.test.ts'],
};
