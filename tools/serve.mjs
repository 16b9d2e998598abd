// @ts-check
/**
 * A static server for the built studio: the security headers it needs, and nothing else. Node's own modules only.
 *
 *     node tools/serve.mjs [--folder dist] [--port 4173] [--host 127.0.0.1] [--strict-port] [--allow-framing https://slides.example.org]…
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { securityHeaders } from './headers.mjs';

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.jsonl': 'application/jsonl; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.safetensors': 'application/octet-stream',
};

/**
 * The file that a request's path means, or null: outside the folder (by dots or by a link), hidden, or not there.
 * @param {string} folder absolute, without links
 * @param {string} pathname still percent-encoded
 */
async function fileOf(folder, pathname) {
  let path;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (path.includes('\0') || path.includes('\\') || path.split('/').some((part) => part.startsWith('.'))) return null;
  try {
    const file = await realpath(join(folder, path.endsWith('/') ? `${path}index.html` : path));
    if (!file.startsWith(folder + sep)) return null;
    const stats = await stat(file);
    return stats.isFile() ? { file, stats } : null;
  } catch {
    return null;
  }
}

/**
 * First and last byte of a single range, 'none' when the header asks for nothing we serve, 'invalid' when it lies outside.
 * @param {string | undefined} header @param {number} size
 * @returns {{ start: number, end: number } | 'none' | 'invalid'}
 */
export function byteRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (!match[1] && !match[2])) return 'none';
  const start = match[1] ? Number(match[1]) : Math.max(0, size - Number(match[2]));
  const end = match[1] && match[2] ? Math.min(Number(match[2]), size - 1) : size - 1;
  return start >= size || start > end ? 'invalid' : { start, end };
}

/**
 * @param {{ folder: string, framing: readonly string[] }} site its folder absolute, without links
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer({ folder, framing }, request, response) {
  const pathname = (request.url ?? '/').split(/[?#]/)[0] ?? '/';
  for (const [name, value] of Object.entries(securityHeaders(pathname, framing))) response.setHeader(name, value);
  /** @param {number} status @param {string} text */
  const say = (status, text) => {
    const body = Buffer.from(`${text}\n`);
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return say(405, 'Only GET and HEAD are served here.');
  }
  const found = await fileOf(folder, pathname);
  if (!found) return say(404, 'There is no such file here.');
  const { file, stats } = found;
  const tag = `"${stats.size.toString(36)}-${Math.trunc(stats.mtimeMs).toString(36)}"`;
  response.setHeader('ETag', tag);
  // Names in assets/ carry a hash of their content.
  response.setHeader('Cache-Control', pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === tag) return void response.writeHead(304).end();
  response.setHeader('Content-Type', types[extname(file).toLowerCase()] ?? 'application/octet-stream');
  response.setHeader('Accept-Ranges', 'bytes');
  const stale = request.headers['if-range'] !== undefined && request.headers['if-range'] !== tag;
  const range = byteRange(stale ? undefined : request.headers.range, stats.size);
  if (range === 'invalid') {
    response.setHeader('Content-Range', `bytes */${stats.size}`);
    return say(416, 'That range lies outside the file.');
  }
  const { start, end } = range === 'none' ? { start: 0, end: stats.size - 1 } : range;
  if (range !== 'none') response.setHeader('Content-Range', `bytes ${start}-${end}/${stats.size}`);
  response.writeHead(range === 'none' ? 200 : 206, { 'Content-Length': end - start + 1 });
  if (request.method === 'HEAD' || stats.size === 0) return void response.end();
  await pipeline(createReadStream(file, { start, end }), response);
}

/**
 * Serves a folder; tries the next ports when the wanted one is taken, unless `strictPort`. Port 0 takes any.
 * @param {{ folder: string, port?: number, host?: string, strictPort?: boolean, framing?: readonly string[] }} options
 * @returns {Promise<{ port: number, url: string, close(): Promise<void> }>}
 */
export async function serve({ folder, port = 4173, host = '127.0.0.1', strictPort = false, framing = [] }) {
  const base = await realpath(resolve(folder));
  const server = createServer((request, response) => {
    answer({ folder: base, framing }, request, response).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      // A browser that stops reading is no fault of ours.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(`${request.url}: ${error.message}`);
      response.destroy();
    });
  });
  /** @param {number} candidate @returns {Promise<number>} */
  const listen = (candidate) =>
    new Promise((done, fail) => {
      server.once('error', fail);
      server.listen(candidate, host, () => {
        server.off('error', fail);
        const address = server.address();
        done(typeof address === 'object' && address ? address.port : candidate);
      });
    });
  const last = strictPort || port === 0 ? port : port + 50;
  for (let candidate = port; ; candidate += 1) {
    try {
      const taken = await listen(candidate);
      const shown = host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host;
      return {
        port: taken,
        url: `http://${shown}:${taken}/`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      };
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if ((code !== 'EADDRINUSE' && code !== 'EACCES') || candidate >= last) throw error;
    }
  }
}

/** @param {string} given */
function originOf(given) {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash) return url.origin;
  throw new Error(`--allow-framing is ${JSON.stringify(given)}; it must be an origin, such as https://slides.example.org.`);
}

/**
 * Port and host from the command line, then PORT, then the default.
 * @param {string[]} args
 */
export function serverOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      folder: { type: 'string', default: 'dist' },
      port: { type: 'string', default: process.env['PORT'] ?? '4173' },
      host: { type: 'string', default: '127.0.0.1' },
      'strict-port': { type: 'boolean', default: false },
      'allow-framing': { type: 'string', multiple: true, default: [] },
      'no-open': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`The port is ${JSON.stringify(values.port)}; it must be a whole number from 0 to 65535.`);
  const { folder, host, 'strict-port': strictPort, 'no-open': quiet } = values;
  return { folder, port, host, strictPort, framing: values['allow-framing'].map(originOf), quiet };
}

/**
 * What opens an address in the person's browser: null where no one is there to look, or no screen.
 * @param {string} url
 * @param {{ quiet: boolean, platform: NodeJS.Platform, env: NodeJS.ProcessEnv }} where
 * @returns {[command: string, args: string[]] | null}
 */
export function openCommand(url, { quiet, platform, env }) {
  if (quiet || (env['CI'] && env['CI'] !== 'false')) return null;
  if (platform === 'darwin') return ['open', [url]];
  // The empty word is the window's title.
  if (platform === 'win32') return ['cmd', ['/c', 'start', '""', url]];
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open', [url]] : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { url } = await serve(serverOptions(process.argv.slice(2)));
    console.log(`serving on ${url}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
