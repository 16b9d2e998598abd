// @ts-check
/**
 * Vite plugin for tfjs's threaded wasm build. Its threads run the source text of a function that is bundled into the worker
 * (`Function.prototype.toString`), and a minified function names things that live outside it: every thread then dies with a
 * ReferenceError. Here the threads load the package's own file instead, untouched, from the studio's origin.
 */

const module = '/@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
const fromText =
  /new Blob\(\[`var WasmBackendModuleThreadedSimd = ` \+\s*wasmFactoryThreadedSimd\.toString\(\)\], \{ type: 'text\/javascript' \}\)/;

/** @returns {import('vite').Plugin} */
export function tfjsThreads() {
  return {
    name: 'crossfade:tfjs-threads',
    // The dev server does not minify, and bundles packages without plugins.
    apply: 'build',
    transform: {
      filter: { id: /tfjs-backend-wasm[\\/]dist[\\/]backend_wasm\.js$/ },
      handler(code, id) {
        if (!id.replaceAll('\\', '/').endsWith(module)) return null;
        if (!fromText.test(code)) this.error('tfjs starts its threads in another way than it did: see tools/tfjs-threads.mjs');
        return {
          code: `import threadScript from '../wasm-out/tfjs-backend-wasm-threaded-simd.js?url';\n${code.replace(fromText, 'new URL(threadScript, import.meta.url).href')}`,
          map: null,
        };
      },
    },
  };
}
