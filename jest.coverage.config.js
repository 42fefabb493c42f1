import tests from './jest.config.js';
import { swcOptions } from './tools/jest/hooks.js';

/**
 * The same tests, with what of src/irq and src/vmbus has run counted.
 *
 * @type {import('jest').Config}
 */
export default {
  ...tests,
  setupFiles: ['<rootDir>/tools/jest/setup-coverage.js'],
  collectCoverage: true,
  collectCoverageFrom: ['src/{irq,vmbus}/**'],
  coverageReporters: ['text-summary'],
  coverageThreshold: { global: { lines: 90 } },
  // For files that no test loads.
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcOptions, sourceMaps: 'inline' }] },
};
