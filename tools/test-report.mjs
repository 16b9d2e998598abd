// @ts-check
/** Reads how many tests passed and failed out of vitest's and Playwright's JSON reports. */
import { existsSync, readFileSync } from 'node:fs';

/**
 * `flaky`: passed when tried once more; counted in `passed` too.
 * @typedef {{ passed: number, failed: number, skipped: number, flaky: number }} Counts
 */

/**
 * Counts of one stage. A stage that failed without a failed test in its report (no report, a file that could not be loaded,
 * an error outside every test) counts one failure, so that a sum never hides it.
 * @param {string} file path of the report
 * @param {'vitest' | 'playwright'} kind
 * @param {boolean} succeeded whether the stage's process ended well
 * @returns {Counts}
 */
export function readCounts(file, kind, succeeded) {
  /** @type {Counts} */
  let counts = { passed: 0, failed: 0, skipped: 0, flaky: 0 };
  if (existsSync(file)) {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    counts =
      kind === 'vitest'
        ? {
            passed: report.numPassedTests,
            failed: report.numFailedTests,
            skipped: report.numPendingTests + report.numTodoTests,
            flaky: 0,
          }
        : {
            passed: report.stats.expected + report.stats.flaky,
            failed: report.stats.unexpected,
            skipped: report.stats.skipped,
            flaky: report.stats.flaky,
          };
  }
  if (!succeeded && counts.failed === 0) counts.failed = 1;
  return counts;
}
