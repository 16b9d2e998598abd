// @ts-check
/**
 * Plugin of the bundler that lets the built folder live on any host, and without one. It puts the policy into the page, and when all
 * files are written builds the service worker (workers/offline.worker.ts) into `service-worker.js` with the list of them: those that
 * it keeps from the first visit on, each with a hash of its content, and those that it keeps once they were used.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'vite';
import { isolationHeaders, pagePolicy, plainHeaders, scriptPolicies } from './headers.mjs';
import { root } from './setup.mjs';

/** Never asked for by the studio itself. */
const unasked = /\.map$|\.md$|^service-worker\.js$/;
/** Large, and needed by few: pdf.js with its tables of characters and fonts. */
const keptOnUse = /^assets\/(pdf(\.worker)?-[\w-]+\.js|.+\.(bcmap|pfb|ttf))$/;
/** Names that carry a hash of their content. */
const hashed = /^assets\/.+-[\w-]{8}\.\w+$/;
/** Bytes that a first visit may leave on a person's disk: 15 MB of texts, base and probes, and the programs. */
const MOST_BYTES = 30_000_000;

/**
 * The files of a built studio.
 * @param {string} folder
 * @returns {import('../src/contract/offline').OfflineBuild}
 */
export function offlineBuild(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => !unasked.test(name))
    .sort();
  let bytes = 0;
  const all = createHash('sha256');
  /** @type {import('../src/contract/offline').OfflineBuild['files']} */
  const files = [];
  for (const name of names) {
    const content = readFileSync(join(folder, name));
    const revision = createHash('sha256').update(content).digest('hex').slice(0, 16);
    all.update(`${name} ${revision}\n`);
    if (keptOnUse.test(name)) continue;
    bytes += content.byteLength;
    files.push({ url: name, revision: hashed.test(name) ? null : revision });
  }
  if (bytes > MOST_BYTES)
    throw new Error(`A first visit would keep ${bytes} bytes for later ones, more than ${MOST_BYTES}: see keptOnUse in tools/offline.mjs.`);
  return {
    version: all.digest('hex').slice(0, 16),
    files,
    onUse: keptOnUse.source,
    headers: { isolation: isolationHeaders, plain: plainHeaders, page: pagePolicy, scripts: scriptPolicies },
  };
}

/** @returns {import('vite').Plugin} */
export function offline() {
  let folder = '';
  return {
    name: 'crossfade:offline',
    apply: 'build',
    configResolved({ root: base, build: { outDir } }) {
      folder = join(base, outDir);
    },
    // What else a <meta> can say of what headers say: the policy but for who may frame the page, and the referrer.
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: pagePolicy }, injectTo: 'head-prepend' },
      { tag: 'meta', attrs: { name: 'referrer', content: 'no-referrer' }, injectTo: 'head-prepend' },
    ],
    // After the files of public/ as well.
    async closeBundle() {
      await build({
        configFile: false,
        root,
        publicDir: false,
        logLevel: 'warn',
        define: { OFFLINE: JSON.stringify(offlineBuild(folder)) },
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: 'es2022',
          rolldownOptions: {
            input: join(root, 'workers/offline.worker.ts'),
            output: { format: 'iife', entryFileNames: 'service-worker.js' },
          },
        },
      });
    },
  };
}
