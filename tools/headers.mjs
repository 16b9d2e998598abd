// @ts-check
/**
 * The HTTP headers the studio is served with, in one place for the dev server, the preview, the test browser and tools/serve.mjs.
 * COOP and COEP make the page cross-origin isolated, which shared memory (wasm threads) needs.
 */

/** @type {Readonly<Record<string, string>>} */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * @param {string} workers what workers may be started from, besides our own files
 * @param {string} hosts what may be asked for data, besides our own origin
 */
const policy = (workers, hosts) =>
  [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    `worker-src 'self'${workers}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    `connect-src 'self'${hosts}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

const pagePolicy = policy('', '');
/**
 * A worker obeys the policy its own script came with, not the page's. tfjs's threaded wasm build starts its threads from blobs,
 * so scripts get `blob:` there and only there. Nothing anywhere needs 'unsafe-eval'.
 */
const scriptPolicy = policy(' blob:', '');
/**
 * The hub worker downloads models from hosts that a person named and agreed to, each time. It alone may reach them: pages and
 * every other worker stay with their own origin.
 */
const hubPolicy = policy('', ' https: http://localhost:* http://127.0.0.1:*');

/** @param {string} pathname */
function policyOf(pathname) {
  if (/\/hub\.worker(-[\w-]+)?\.(js|ts)$/.test(pathname)) return hubPolicy;
  return /\.m?js$/.test(pathname) ? scriptPolicy : pagePolicy;
}

/**
 * All security headers for one response.
 * @param {string} pathname path of the request, without a query
 * @returns {Record<string, string>}
 */
export function securityHeaders(pathname) {
  return {
    ...isolationHeaders,
    'Content-Security-Policy': policyOf(pathname),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
}
