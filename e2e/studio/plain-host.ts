/** A host that knows nothing of the studio: files below a sub-path, their types, and no header besides. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

export interface PlainHost {
  /** Ends with a slash. */
  url: string;
  /** What is asked for and has this path below the studio's folder is changed on its way out. */
  change: Map<string, (text: string) => string>;
  close(): Promise<void>;
}

export async function plainHost(folder: string, path = '/lab/studio/'): Promise<PlainHost> {
  const change: PlainHost['change'] = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    const within = normalize(decodeURIComponent(name.slice(path.length)));
    const file = name.startsWith(path) && !within.startsWith('..') ? readFile(join(folder, within)) : Promise.reject(new Error(name));
    file.then(
      (bytes) => {
        response.setHeader('Content-Type', TYPES[extname(within)] ?? 'application/octet-stream');
        response.end(change.get(within)?.(bytes.toString('utf8')) ?? bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}${path}`,
    change,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
