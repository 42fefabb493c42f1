// What a worker of runner.js runs: one test file, as jest-light-runner does.
import run, { setWorkerData } from '../../node_modules/jest-light-runner/src/worker-runner.js';

export default function runFile({ path, workerData }) {
  setWorkerData(workerData);
  return run(path);
}
