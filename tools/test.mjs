// @ts-check
/**
 * `npm test`: installs what is missing, a browser included, then runs every check and sums up.
 *
 *     npm test -- [--only lint,types,unit,browser,engine,build,e2e] [--grep "words of a test's name"]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildKernels } from './build-kernels.mjs';
import { buildTokenizers } from './build-tokenizers.mjs';
import { installPackages, requireNode, root } from './setup.mjs';
import { readCounts } from './test-report.mjs';

requireNode();

/** Of lint and format; beside that of the type check. */
const cache = 'node_modules/.cache';
/** In the order in which they begin: the longest first, so that both lanes end at about the same time. */
const stageNames = ['engine', 'browser', 'unit', 'lint', 'types', 'build', 'e2e'];

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

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

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
    for (const child of running) end(child);
    process.exit(130);
  });

/**
 * Runs a package's command with its output shown; true when it succeeded within its time.
 * @param {string[]} args script and arguments for Node
 * @param {Record<string, string>} env
 * @param {number} minutes
 * @param {string[] | null} kept takes the output instead, of a command that runs beside others
 * @returns {Promise<boolean>}
 */
function succeeds(args, env, minutes, kept) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: kept ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      detached: process.platform !== 'win32',
    });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => kept?.push(text));
    running.add(child);
    const say = (/** @type {string} */ text) => (kept ? kept.push(`${text}\n`) : console.error(text));
    const timer = setTimeout(() => {
      say(`Stopped after ${minutes} minutes.`);
      end(child);
    }, minutes * 60_000);
    /** @param {boolean} result */
    const settle = (result) => {
      clearTimeout(timer);
      running.delete(child);
      done(result);
    };
    child.once('error', (error) => {
      say(error.message);
      settle(false);
    });
    // Not `exit`: what was written last may still be on its way.
    child.once('close', (code) => settle(code === 0));
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
  // Before anything asks for them: stages beside each other would both compile.
  if (only.some((name) => name !== 'lint')) {
    buildKernels();
    buildTokenizers();
  }

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
        // Both look at changed files alone where they have passed before. A rule that reads types can miss a fault in an unchanged file;
        // a fresh clone has no cache and looks at everything.
        ['node_modules/eslint/bin/eslint.js', '.', '--cache', '--cache-strategy', 'content', '--cache-location', `${cache}/eslint`],
        [
          'node_modules/prettier/bin/prettier.cjs',
          '--check',
          '.',
          '--cache',
          '--cache-strategy',
          'content',
          '--cache-location',
          `${cache}/prettier/.prettier-cache`,
        ],
      ],
      minutes: 15,
    },
    types: { commands: [['node_modules/typescript-7/bin/tsc', '-b']], minutes: 15 },
    unit: { commands: [vitest('unit')], minutes: 12, counts: 'vitest' },
    // Two of vitest's projects, since each keeps one core busy: kernels and models on every backend, and all other browser tests.
    engine: { commands: [vitest('engine')], minutes: 20, counts: 'vitest', browser: true },
    browser: { commands: [vitest('browser')], minutes: 20, counts: 'vitest', browser: true },
    build: {
      commands: [['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn']],
      minutes: 3,
    },
    e2e: {
      commands: [
        [
          ...['node_modules/@playwright/test/cli.js', 'test', '--project', 'cpu', '--reporter=list,json'],
          ...(grep ? ['--grep', grep, '--pass-with-no-tests'] : []),
        ],
      ],
      minutes: 20,
      counts: 'playwright',
      browser: true,
    },
  };

  const total = { passed: 0, failed: 0 };
  /** @type {Map<string, string>} */
  const lines = new Map();
  let faults = 0;
  const began = performance.now();
  /** @param {string} name @param {string[] | null} kept */
  const carryOut = async (name, kept) => {
    const stage = stages[name];
    if (!stage) return;
    if (!kept) console.log(`\n=== ${name} ===`);
    const since = performance.now();
    let ok = true;
    if (stage.browser && browserFault) {
      console.error(browserFault);
      ok = false;
    } else {
      for (const command of stage.commands) {
        const extra = stage.counts === 'playwright' ? { PLAYWRIGHT_JSON_OUTPUT_FILE: report(name) } : {};
        ok = (await succeeds(command, { ...env, ...extra }, stage.minutes, kept)) && ok;
      }
    }
    if (!ok) faults += 1;
    let words = ok ? 'passed' : 'FAILED';
    if (stage.counts) {
      const counts = readCounts(report(name), stage.counts, ok);
      total.passed += counts.passed;
      total.failed += counts.failed;
      words = `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`;
      if (counts.flaky > 0) words += `, ${counts.flaky} of them flaky: passed at the second try`;
    }
    lines.set(name, `${name.padEnd(8)} ${words} (${seconds(since)})`);
    if (kept) console.log(`\n=== ${name} ===\n${kept.join('').trimEnd()}`);
    console.log(`--- ${lines.get(name)}`);
  };
  const chosen = stageNames.filter((stage) => only.includes(stage));
  // Two lanes for two cores. The flows come last and alone: they take two workers and are what a slow machine makes fail.
  const beside = chosen.filter((name) => name !== 'e2e');
  const shown = beside.length === 1;
  const lane = async () => {
    for (let name = beside.shift(); name !== undefined; name = beside.shift()) await carryOut(name, shown ? null : []);
  };
  await Promise.all([lane(), lane()]);
  if (chosen.includes('e2e')) await carryOut('e2e', null);

  console.log(`\n${chosen.map((name) => lines.get(name)).join('\n')}`);
  console.log(`all      ${faults === 0 ? 'passed' : `${faults} of ${lines.size} stages FAILED`} (${seconds(began)})`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(faults === 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
