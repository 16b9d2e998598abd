// @ts-check
/**
 * Takes Hugging Face's `tokenizers`, the Rust crate as wasm, out of npm's @mlc-ai/web-tokenizers. The package is one script that holds
 * the wasm as base64 and keeps a single instance, which is lost for good when the crate aborts (as it does on a file that it refuses).
 * Here it becomes a module that makes as many instances as are asked for, and a .wasm file that is fetched and compiled as such.
 * Runs before dev, build and test, and does nothing when the outputs are newer than the package.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'node_modules/@mlc-ai/web-tokenizers/lib/index.js');
const output = join(root, 'workers/tokenizer/crate/build');

/** What is changed in emscripten's script, each exactly once: a package of another form must not slip through. */
const changes = /** @type {const} */ ([
  // The caller brings the wasm (`instantiateWasm`), so that no platform's way of reading files is needed.
  ['typeof window=="object";', 'false;'],
  ['typeof importScripts=="function";', 'false;'],
  ['typeof process=="object"&&typeof process.versions=="object"&&typeof process.versions.node=="string";', 'false;'],
  // Text may begin with U+FEFF.
  ['new TextDecoder("utf8")', 'new TextDecoder("utf8",{ignoreBOM:true})'],
]);

/** @param {string} text @returns {{ script: string; wasm: Buffer }} */
export function takeApart(text) {
  const start = text.indexOf('var Module = (() => {');
  const end = text.indexOf('})();', start);
  const data = /wasmBinaryFile="data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)"/.exec(text);
  if (start < 0 || end < 0 || !data) throw changed('no emscripten module');
  const wasm = Buffer.from(data[1] ?? '', 'base64');
  let script = text.slice(start, end).replace(data[1] ?? '', '');
  // Where the script came from, which nobody asks for any more.
  const [name] = /var _scriptDir = [^\n]*;/.exec(script) ?? [];
  if (!name) throw changed('no _scriptDir');
  script = script.replace(name, "var _scriptDir = '';");
  for (const [from, to] of changes) {
    if (script.split(from).length !== 2) throw changed(`not once: ${from}`);
    script = script.replace(from, to);
  }
  // What a bundler would look for on behalf of Node.
  script = script.replace(
    /if\(ENVIRONMENT_IS_NODE\)\{const\{createRequire.*?else if\(ENVIRONMENT_IS_WEB\|\|ENVIRONMENT_IS_WORKER\)/,
    'if(false)',
  );
  if (/createRequire|import\(|new Function|\beval\(/.test(script)) throw changed('it imports or evaluates code');
  return {
    script: `/* eslint-disable */\n/* From @mlc-ai/web-tokenizers, Apache-2.0; see tools/build-tokenizers.mjs. */\n${script}})();\nexport default Module;\n`,
    wasm,
  };
}

/** @param {string} what */
function changed(what) {
  return new Error(`@mlc-ai/web-tokenizers is built otherwise than it was (${what}): see tools/build-tokenizers.mjs`);
}

/** @throws when the package is missing or of another form */
export function buildTokenizers() {
  const files = ['tokenizers.mjs', 'tokenizers.wasm'].map((file) => join(output, file));
  const newest = Math.max(statSync(source).mtimeMs, statSync(fileURLToPath(import.meta.url)).mtimeMs);
  if (files.every((file) => existsSync(file) && statSync(file).mtimeMs >= newest)) return;
  const { script, wasm } = takeApart(readFileSync(source, 'utf8'));
  mkdirSync(output, { recursive: true });
  // Written beside and renamed, so that a test run that starts meanwhile never reads half a file.
  for (const [at, content] of [script, wasm].entries()) {
    const file = files[at] ?? '';
    writeFileSync(`${file}.${process.pid}.part`, content);
    renameSync(`${file}.${process.pid}.part`, file);
  }
  console.log(`built workers/tokenizer/crate/build, ${wasm.length} bytes of wasm`);
}

/** vitest's global setup. It only warns; the build stage is what fails. */
export function setup() {
  try {
    buildTokenizers();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildTokenizers();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
