// Runs test files in processes that stay, each of which loads src once. The processes are jest-light-runner's; its own
// runner for them hangs now and then at the start, when the settings that one process asked for come to another one that
// does not listen yet. So here each file comes with the settings.
import Tinypool from 'tinypool';

export default class Runner {
  constructor(globalConfig) {
    this.globalConfig = globalConfig;
  }

  async runTests(tests, _watcher, onStart, onResult, onFailure) {
    const { globalConfig } = this;
    const { maxWorkers } = globalConfig;
    const runtime = 'child_process';
    const pool = new Tinypool({
      filename: new URL('./worker.js', import.meta.url).href,
      runtime,
      minThreads: maxWorkers,
      maxThreads: maxWorkers,
      env: process.env,
      // What tests make is short-lived, and more of it than V8 expects: collecting it less often takes a tenth off.
      // Threads that tests start are given the same, so that they load TypeScript as well.
      execArgv: ['--max-semi-space-size=64', '--import', new URL('./setup.js', import.meta.url).href],
      trackUnmanagedFds: false,
    });
    const runOne = async (test) => {
      await onStart(test);
      const workerData = { globalConfig, projectConfig: test.context.config, runtime };
      try {
        await onResult(test, await pool.run({ path: test.path, workerData }));
      } catch (error) {
        await onFailure(test, error);
      }
    };
    const waiting = tests.values();
    const runSome = async () => {
      for (const test of waiting) await runOne(test);
    };
    try {
      await Promise.all(Array.from({ length: maxWorkers }, runSome));
    } finally {
      await pool.destroy();
    }
  }
}
