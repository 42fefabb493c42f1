// Of hdr-histogram-js: what src/guest/run-stats.ts does not count with.
import { methodsLeftOut } from './cut.js';

const dist = '/hdr-histogram-js/dist';
const otherModules = new RegExp(
  `/(pako|base64-js)/(?!.*package\\.json)|${dist}/(wasm|encoding|packedarray|formatters|ByteBuffer|HistogramLog\\w+|JsHistogram\\.encoding|PackedHistogram|(Float64|Int8|Int16)Histogram|Recorder)\\b.*\\.js$`,
);

/** Their logs, what writes them as text, those of other numbers than 32 bits, and one in WebAssembly. */
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

/** How their values are gone through one by one, which only those do. */
const iteratorModules = new RegExp(`${dist}/(Percentile|RecordedValues)Iterator\\.js$`);
const iterators = {
  name: 'no-histogram-iterators',
  load: (id) => (iteratorModules.test(id) ? 'exports.default = class {};' : null),
};

export const histogramForms = [forms, corrections, iterators];
