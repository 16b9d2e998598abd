// @ts-check
/**
 * The HTTP headers the studio is served with, in one place for the dev server, the preview, the test browser, tools/serve.mjs, the page's
 * own <meta> and the service worker, which adds what a plain host does not send (tools/offline.mjs).
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
  ].join('; ');

/** Stands in the page's <meta> too, which cannot say who may frame it. */
export const pagePolicy = policy('', '');
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

/** The policies of scripts by their path; the first that fits holds, and the page's holds for all else. */
export const scriptPolicies = [
  { path: '/hub\\.worker(-[\\w-]+)?\\.(js|ts)$', policy: hubPolicy },
  { path: '\\.m?js$', policy: scriptPolicy },
];

/** @param {string} pathname */
const policyOf = (pathname) => scriptPolicies.find(({ path }) => new RegExp(path).test(pathname))?.policy ?? pagePolicy;

/** Beside the policy and the isolation. */
export const plainHeaders = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };

/**
 * All security headers for one response.
 * @param {string} pathname path of the request, without a query
 * @param {readonly string[]} framing origins whose pages may show the studio in a frame; none by default
 * @returns {Record<string, string>}
 */
export function securityHeaders(pathname, framing = []) {
  return {
    ...isolationHeaders,
    // A page that is itself isolated may frame only what says that other origins may have it.
    ...(framing.length > 0 ? { 'Cross-Origin-Resource-Policy': 'cross-origin' } : {}),
    'Content-Security-Policy': `${policyOf(pathname)}; frame-ancestors ${framing.length > 0 ? framing.join(' ') : "'none'"}`,
    ...plainHeaders,
  };
}
