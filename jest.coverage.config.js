import { swcOptions } from './tools/jest/hooks.js';

/**
 * jest's own runner, which counts what has run; the same tests pass with it.
 *
 * @type {import('jest').Config}
 */
export default {
  // A loaded machine takes as long as it takes.
  testTimeout: 300_000,
  maxWorkers: '100%',
  testEnvironment: 'node',
  collectCoverage: true,
  collectCoverageFrom: ['src/{irq,vmbus}/**'],
  coverageReporters: ['text-summary'],
  coverageThreshold: { global: { lines: 90 } },
  roots: ['<rootDir>/test'],
  setupFilesAfterEnv: ['<rootDir>/test/support/seed.ts'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^irqlab$': '<rootDir>/src/index.ts',
    '^irqlab/browser$': '<rootDir>/src/browser.ts',
    '^irqlab/explore$': '<rootDir>/src/explore.ts',
    '^irqlab/lab$': '<rootDir>/src/lab.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcOptions, sourceMaps: 'inline' }] },
};
