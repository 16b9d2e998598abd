import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCounts } from './test-report.mjs';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, report: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(report));
  return file;
}

test('counts of a vitest report', () => {
  const file = written('unit.json', { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 });
  expect(readCounts(file, 'vitest', false)).toEqual({ passed: 7, failed: 2, skipped: 2, flaky: 0 });
});

test('counts of a Playwright report', () => {
  const file = written('e2e.json', { stats: { expected: 4, unexpected: 1, flaky: 2, skipped: 3 } });
  expect(readCounts(file, 'playwright', false)).toEqual({ passed: 6, failed: 1, skipped: 3, flaky: 2 });
});

test('a stage that fails without a failed test, or without a report, counts as one failure', () => {
  const file = written('broken.json', { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 });
  expect(readCounts(file, 'vitest', false)).toEqual({ passed: 7, failed: 1, skipped: 0, flaky: 0 });
  expect(readCounts(join(folder, 'missing.json'), 'playwright', false)).toEqual({ passed: 0, failed: 1, skipped: 0, flaky: 0 });
});
