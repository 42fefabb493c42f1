// Of hdr-histogram-js: what no comparison of designs counts with. See src/guest/run-stats.ts for what does.
import { methodsLeftOut } from './cut.js';

const dist = '/hdr-histogram-js/dist';
const otherModules = new RegExp(
  `/(pako|base64-js)/(?!.*package\\.json)|${dist}/(wasm|encoding|packedarray|formatters|ByteBuffer|Histogram(Log\\w+)|JsHistogram\\.encoding|PackedHistogram|Recorder)\\b.*\\.js$`,
);

/** Their logs, what writes them as text, their packed form, and one in WebAssembly. */
const forms = {
  name: 'no-histogram-forms',
  load: (id) => (otherModules.test(id) ? 'module.exports = {};' : null),
};

const corrections = methodsLeftOut('no-histogram-corrections', new RegExp(`${dist}/JsHistogram\\.js$`), [
  'addWhileCorrectingForCoordinatedOmission',
  'estimatedFootprintInBytes',
  'getStdDeviation',
  'inspect',
  'mean',
  'outputPercentileDistribution',
  'recordSingleValueWithExpectedInterval',
  'recordValueWithCount',
  'recordValueWithCountAndExpectedInterval',
  'recordValueWithExpectedInterval',
  'stdDeviation',
  'subtract',
  'summary',
  'toJSON',
]);

export const histogramForms = [forms, corrections];
