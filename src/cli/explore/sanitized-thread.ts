import '../../command/sanitize/register.js';

// A thread that explores models whose code is instrumented as it is loaded, so all else must be loaded later.

await import('./thread.js');
