// @ts-check
/**
 * `npm test`: installs what is missing, a browser included, then runs every check in sequence and sums up.
 *
 *     npm test -- [--only lint,types,unit,browser,build,e2e] [--grep "words of a test's name"]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, requireNode, root } from './setup.mjs';
import { readCounts } from './test-report.mjs';

requireNode();

const stageNames = ['lint', 'types', 'unit', 'browser', 'build', 'e2e'];

function options() {
  const { values } = parseArgs({ options: { only: { type: 'string' }, grep: { type: 'string' } } });
  const only = values.only ? values.only.split(',') : stageNames;
  const unknown = only.find((name) => !stageNames.includes(name));
  if (unknown !== undefined) throw new Error(`There is no stage ${JSON.stringify(unknown)}; there are ${stageNames.join(', ')}.`);
  return { only, grep: values.grep };
}

/** A port that nothing listens on. @returns {Promise<number>} */
function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 4183));
    });
  });
}

/** @type {import('node:child_process').ChildProcess | null} */
let running = null;

/** Ends a process and what it started (browsers, servers). @param {import('node:child_process').ChildProcess} child */
function end(child) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => {
    if (running) end(running);
    process.exit(130);
  });

/**
 * Runs a package's command with its output shown; true when it succeeded within its time.
 * @param {string[]} args script and arguments for Node
 * @param {Record<string, string>} env
 * @param {number} minutes
 * @returns {Promise<boolean>}
 */
function succeeds(args, env, minutes) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: process.platform !== 'win32',
    });
    running = child;
    const timer = setTimeout(() => {
      console.error(`Stopped after ${minutes} minutes.`);
      end(child);
    }, minutes * 60_000);
    /** @param {boolean} result */
    const settle = (result) => {
      clearTimeout(timer);
      running = null;
      done(result);
    };
    child.once('error', (error) => {
      console.error(error.message);
      settle(false);
    });
    child.once('exit', (code) => settle(code === 0));
  });
}

/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function main() {
  const { only, grep } = options();
  installPackages();
  const { ensureBrowser } = await import('./find-browser.mjs');
  /** @type {Record<string, string>} */
  const env = {};
  let browserFault = '';
  if (only.includes('browser') || only.includes('e2e')) {
    try {
      env['CHROME_PATH'] = await ensureBrowser();
      console.log(`Browser: ${env['CHROME_PATH']}`);
    } catch (error) {
      browserFault = error instanceof Error ? error.message : String(error);
    }
  }
  env['E2E_PORT'] = String(await freePort());

  const reports = join(root, 'test-results');
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  /** @param {string} name */
  const report = (name) => join(reports, `${name}.json`);
  /** @param {string} name */
  const vitest = (name) => [
    ...['node_modules/vitest/vitest.mjs', 'run', '--project', name],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report(name)}`],
    ...(grep ? ['-t', grep] : []),
  ];

  /** @type {Record<string, { commands: string[][], minutes: number, counts?: 'vitest' | 'playwright', browser?: boolean }>} */
  const stages = {
    lint: {
      commands: [
        ['node_modules/eslint/bin/eslint.js', '.'],
        ['node_modules/prettier/bin/prettier.cjs', '--check', '.'],
      ],
      minutes: 3,
    },
    types: { commands: [['node_modules/typescript/bin/tsc', '-b']], minutes: 3 },
    unit: { commands: [vitest('unit')], minutes: 4, counts: 'vitest' },
    browser: { commands: [vitest('browser')], minutes: 5, counts: 'vitest', browser: true },
    build: {
      commands: [['tools/build-kernels.mjs'], ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn']],
      minutes: 3,
    },
    e2e: {
      commands: [
        [
          ...['node_modules/@playwright/test/cli.js', 'test', '--project', 'cpu', '--reporter=list,json'],
          ...(grep ? ['--grep', grep, '--pass-with-no-tests'] : []),
        ],
      ],
      minutes: 7,
      counts: 'playwright',
      browser: true,
    },
  };

  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const lines = [];
  let faults = 0;
  const began = performance.now();
  for (const name of stageNames.filter((stage) => only.includes(stage))) {
    const stage = stages[name];
    if (!stage) continue;
    console.log(`\n=== ${name} ===`);
    const since = performance.now();
    let ok = true;
    if (stage.browser && browserFault) {
      console.error(browserFault);
      ok = false;
    } else {
      for (const command of stage.commands) {
        const extra = stage.counts === 'playwright' ? { PLAYWRIGHT_JSON_OUTPUT_FILE: report(name) } : {};
        ok = (await succeeds(command, { ...env, ...extra }, stage.minutes)) && ok;
      }
    }
    if (!ok) faults += 1;
    let words = ok ? 'passed' : 'FAILED';
    if (stage.counts) {
      const counts = readCounts(report(name), stage.counts, ok);
      total.passed += counts.passed;
      total.failed += counts.failed;
      words = `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`;
    }
    lines.push(`${name.padEnd(8)} ${words} (${seconds(since)})`);
    console.log(`--- ${lines.at(-1)}`);
  }

  console.log(`\n${lines.join('\n')}`);
  console.log(`all      ${faults === 0 ? 'passed' : `${faults} of ${lines.length} stages FAILED`} (${seconds(began)})`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(faults === 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
