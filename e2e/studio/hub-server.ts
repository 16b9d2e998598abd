/**
 * A server that speaks the Hugging Face Hub's file addresses, with a second one beside it for large files, as the Hub has:
 * lists of files in pages, redirects, ranges, entity tags, tokens, and a few ways to fail.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UploadedFile } from './model-folders';

export interface SeenRequest {
  server: 'hub' | 'store';
  path: string;
  headers: IncomingMessage['headers'];
}

interface Repository {
  files: UploadedFile[];
  /** Answers 401 without it. */
  token?: string;
  /** Large files: half of their bytes, and then the line is cut, or nothing more comes. */
  trouble?: 'cut' | 'stall';
  /** Name of a file in whose place a login page comes, with status 200. */
  page?: string;
  /** Where the list of files goes on, instead of here. */
  next?: string;
}

interface Dataset {
  /** "main" files by their names, others as "refs/convert/parquet//name". */
  files: UploadedFile[];
  /** What the API says of it; without it a mirror that has no such address. */
  info?: { sha: string; gated: boolean | string; cardData: unknown; tags: string[] };
  /** 403 for every file. */
  gated?: boolean;
  /** The n-th requests for a file at which the line breaks off. */
  breaks?: number[];
}

export class HubServer {
  readonly seen: SeenRequest[] = [];
  readonly repositories = new Map<string, Repository>();
  readonly datasets = new Map<string, Dataset>();
  /** Bytes of data sets' files that were given in ranges, and how often each file was asked for. */
  given = 0;
  readonly ranges = new Map<string, number>();
  private readonly hub = createServer((request, response) => this.answer('hub', request, response));
  private readonly store = createServer((request, response) => this.answer('store', request, response));

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const one of [server.hub, server.store]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    return server;
  }

  async stop(): Promise<void> {
    for (const one of [this.hub, this.store]) {
      one.closeAllConnections();
      await new Promise((done) => one.close(done));
    }
  }

  get host(): string {
    return hostOf(this.hub);
  }
  get storeHost(): string {
    return hostOf(this.store);
  }
  get address(): string {
    return `http://${this.host}`;
  }
  /** Paths that the hub and its store were asked for, without those of CORS. */
  get asked(): string[] {
    return this.seen.map(({ server, path }) => `${server} ${path.split('?')[0]!}`);
  }

  private answer(server: SeenRequest['server'], request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.address);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'authorization, range, accept');
    response.setHeader('Access-Control-Expose-Headers', 'ETag, Content-Range, Link, X-Error-Code');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    this.seen.push({ server, path: url.pathname + url.search, headers: request.headers });

    if (url.pathname.includes('/datasets/')) return this.answerOfDataset(server, url, request, response);
    const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)$/.exec(url.pathname);
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const repository = this.repositories.get((tree ?? file)?.[1] ?? '');
    if (!repository || (tree ?? file)![2] !== 'main') return say(response, 404, 'Repository not found');
    if (server === 'hub' && repository.token && request.headers.authorization !== `Bearer ${repository.token}`)
      return say(response, 401, 'Invalid username or password.');
    if (tree) return this.list(repository, url, response);
    const found = repository.files.find(({ name }) => name === file![3]);
    if (!found) {
      response.setHeader('X-Error-Code', 'EntryNotFound');
      return say(response, 404, 'Entry not found');
    }
    if (repository.page === found.name)
      return void response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end('<!doctype html><title>Log in</title>');
    if (server === 'hub' && found.name.endsWith('.safetensors'))
      return void response.writeHead(302, { Location: `http://${this.storeHost}${url.pathname}` }).end();
    send(request, response, found.buffer, found.name.endsWith('.safetensors') ? repository.trouble : undefined);
  }

  /** Files come from the store, by a redirect, as large ones of the Hub do. Revisions other than main stand before the files' names. */
  private answerOfDataset(server: SeenRequest['server'], url: URL, request: IncomingMessage, response: ServerResponse): void {
    const info = /^\/api\/datasets\/([^/]+\/[^/]+)\/revision\/main$/.exec(url.pathname);
    const tree = /^\/api\/datasets\/([^/]+\/[^/]+)\/tree\/([^/]+)\/?$/.exec(url.pathname);
    const file = /^\/datasets\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const repository = this.datasets.get((info ?? tree ?? file)?.[1] ?? '');
    if (!repository) return say(response, 401, 'Invalid username or password.');
    if (info) {
      if (!repository.info) return say(response, 404, 'Not found');
      return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(repository.info));
    }
    const revision = decodeURIComponent((tree ?? file)![2]!);
    const files = repository.files.flatMap(({ name, ...rest }) => {
      const [first, ...inner] = name.split('//');
      return (inner.length > 0 ? first : 'main') === revision ? [{ ...rest, name: inner.join('') || name }] : [];
    });
    if (tree && files.length === 0) return say(response, 404, 'Invalid rev id');
    if (tree) return this.list({ files }, url, response);
    const found = files.find(({ name }) => name === decodeURIComponent(file![3]!));
    if (!found) return say(response, 404, 'Entry not found');
    if (repository.gated && found.name !== 'README.md') return say(response, 403, 'Access is restricted');
    if (server === 'hub' && found.name !== 'README.md')
      return void response.writeHead(302, { Location: `http://${this.storeHost}${url.pathname}` }).end();
    const asked = (this.ranges.get(found.name) ?? 0) + 1;
    this.ranges.set(found.name, asked);
    if (repository.breaks?.includes(asked)) return void response.destroy();
    const bytes = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (bytes) this.given += Math.min(Number(bytes[2]), found.buffer.length - 1) - Number(bytes[1]) + 1;
    send(request, response, found.buffer, undefined);
  }

  /** Two files a page. */
  private list({ files, next }: Repository, url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const page = files.slice(from, from + 2).map(({ name, buffer }) => ({
      type: 'file',
      path: name,
      size: buffer.length,
      oid: createHash('sha1').update(buffer).digest('hex'),
    }));
    url.searchParams.set('cursor', String(from + 2));
    const onwards = next ?? (from + 2 < files.length ? url.href : null);
    if (onwards) response.setHeader('Link', `<${onwards}>; rel="next"`);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(page));
  }
}

function hostOf(server: Server): string {
  return `localhost:${(server.address() as AddressInfo).port}`;
}

function say(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error }));
}

function send(request: IncomingMessage, response: ServerResponse, content: Buffer, trouble: Repository['trouble']): void {
  response.setHeader('ETag', `"${createHash('sha256').update(content).digest('hex')}"`);
  response.setHeader('Accept-Ranges', 'bytes');
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (range) {
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), content.length - 1)];
    response.setHeader('Content-Range', `bytes ${start}-${end}/${content.length}`);
    return void response.writeHead(206, { 'Content-Length': end - start + 1 }).end(content.subarray(start, end + 1));
  }
  response.writeHead(200, { 'Content-Length': content.length });
  if (!trouble) return void response.end(content);
  response.write(content.subarray(0, content.length / 2), () => trouble === 'cut' && response.destroy());
}
