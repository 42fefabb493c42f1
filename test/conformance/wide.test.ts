import { fileURLToPath } from 'node:url';
import { test } from '@jest/globals';
import { findRecordings } from '../../src/conformance/recordings.js';
import { expectReplayed } from '../support/recordings.js';

// Recordings of Linux 6.1, 6.12, 7.2 and 7.3 of more kinds than those of test/golden. Every fourth case of each file; all
// with GOLDEN=all npm test -- test/conformance/wide

const folder = new URL('../golden-wide/', import.meta.url);
const every = process.env.GOLDEN === 'all' ? 1 : 4;

test.each(findRecordings(fileURLToPath(folder)))('$file', (recorded) => expectReplayed(recorded, every));
