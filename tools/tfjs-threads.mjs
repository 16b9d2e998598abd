// @ts-check
/**
 * Plugin of the bundler for tfjs's threaded wasm build, which the engine takes for its shared heap. That build starts eight threads
 * with its first line, a worker each; the engine runs threads of its own and tfjs's ops on one (workers/engine/backend.ts), so that
 * the eight would only take time at every start and memory after it. Here it starts none.
 */

/** What stands in the package's file, and what stands here instead: an empty pool, and a start that does not wait for its threads. */
const changes = [
  ['var pthreadPoolSize=8;', 'var pthreadPoolSize=0;'],
  ['var numWorkersToLoad=PThread.unusedWorkers.length;', 'removeRunDependency("wasm-instantiate");var numWorkersToLoad=0;'],
];

export const tfjsThreads = {
  name: 'crossfade:tfjs-threads',
  transform: {
    filter: { id: /tfjs-backend-wasm[\\/]wasm-out[\\/]tfjs-backend-wasm-threaded-simd\.js$/ },
    /** @param {string} code */
    handler(code) {
      for (const [theirs = '', ours = ''] of changes) {
        if (!code.includes(theirs)) throw new Error('tfjs starts its threads in another way than it did: see tools/tfjs-threads.mjs');
        code = code.replace(theirs, ours);
      }
      return { code, map: null };
    },
  },
};
