import { register } from 'node:module';

// Imported for its effect, before the model: from now on Node loads the code of models instrumented in this thread.

register('./hooks.js', import.meta.url);
