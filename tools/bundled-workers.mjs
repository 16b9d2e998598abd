// @ts-check
/**
 * Plugin of a test server: a worker's script comes as one file, bundled as the build bundles it, in place of some two hundred modules.
 * A test that lets a tab die starts the worker three or four times, and fetching the modules took longer than what it trains.
 */
import { build } from 'vite';
import { isolationHeaders } from './headers.mjs';
import { root } from './setup.mjs';
import { tfjsThreads } from './tfjs-threads.mjs';

const types = /** @type {Record<string, string>} */ ({ js: 'text/javascript', wasm: 'application/wasm', json: 'application/json' });

/**
 * @param {string} entry path of the script from the root
 * @returns {Promise<Map<string, string | Uint8Array>>} the files by their address; that of the script is its path
 */
async function bundle(entry) {
  const result = await build({
    configFile: false,
    root,
    base: '/',
    logLevel: 'warn',
    publicDir: false,
    plugins: [tfjsThreads],
    worker: { format: 'es', plugins: () => [tfjsThreads] },
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: { input: entry, output: { codeSplitting: false, entryFileNames: entry } },
    },
  });
  if (!('output' in result)) throw new Error(`${entry} was not bundled`);
  return new Map(result.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
}

/** @param {string[]} entries paths of the workers' scripts from the root */
export function bundledWorkers(entries) {
  /** @type {Promise<Map<string, string | Uint8Array>> | undefined} */
  let bundled;
  return /** @type {import('vite').Plugin} */ ({
    name: 'crossfade:bundled-workers',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const [path = '', query = ''] = (request.url ?? '').split('?');
        const isEntry = query.includes('worker_file') && entries.includes(path.slice(1));
        if (!isEntry && !(bundled && path.startsWith('/assets/'))) return next();
        bundled ??= Promise.all(entries.map(bundle)).then((bundles) => new Map(bundles.flatMap((files) => [...files])));
        bundled.then((files) => {
          const content = files.get(path);
          if (content === undefined) return next();
          const headers = { ...isolationHeaders, 'Content-Type': types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream' };
          // The name of an asset changes with its content; a script's is asked for again, and its compiled code is kept.
          response.writeHead(200, {
            ...headers,
            ...(isEntry ? { 'Content-Type': 'text/javascript' } : {}),
            'Cache-Control': 'max-age=3600',
          });
          response.end(content);
        }, next);
      });
    },
  });
}
