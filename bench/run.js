// Runs the benches: `npm run bench` measures, `npm run bench -- --smoke` only shows that they work.
import { explore } from './explore.js';
import { hotPath } from './hot-path.js';

const smoke = process.argv.includes('--smoke');
const results = [hotPath({ smoke }), await explore({ smoke })];
for (const { name, lines, ok } of results) {
  console.log(name);
  for (const line of lines) console.log(`  ${line}`);
  if (!ok) process.exitCode = 1;
}
