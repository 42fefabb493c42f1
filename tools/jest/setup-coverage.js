// As setup.js, for `npm run coverage`.
import { register } from 'node:module';
import './setup.js';

register('./coverage-hooks.js', import.meta.url);
