// @ts-check
/** The studio's own rules, in TypeScript, for the command line: read through Vite, which the studio is built with. */
import { root } from './setup.mjs';

/**
 * @param {readonly string[]} names of files of src/core, without their ending: "sweep/plan"
 * @returns {Promise<{ core: any, close: () => Promise<void> }>} all that they export, in one object
 */
export async function loadCore(names) {
  const { createServer } = await import('vite');
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  const modules = await Promise.all(names.map((name) => vite.ssrLoadModule(`/src/core/${name}.ts`)));
  return { core: Object.assign({}, ...modules), close: () => vite.close() };
}
