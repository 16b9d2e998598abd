import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byteRange, openCommand, serve, serverOptions } from './serve.mjs';

const root = mkdtempSync(join(tmpdir(), 'crossfade-serve-'));
const folder = join(root, 'dist');
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'assets/trainer.worker-abc.js'), 'export {};');
  writeFileSync(join(folder, 'assets/kernels-abc.wasm'), new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  writeFileSync(join(folder, 'empty.txt'), '');
  writeFileSync(join(folder, '.hidden'), 'hidden');
  writeFileSync(join(root, 'secret.txt'), 'secret');
  symlinkSync(join(root, 'secret.txt'), join(folder, 'link.txt'));
  server = await serve({ folder, port: 0 });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

/** As fetch, but the path goes out as written: fetch would resolve `..` itself. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((done, fail) => {
    const call = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (piece: string) => (body += piece));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    call.on('error', fail);
    call.end();
  });
}

test('the page is isolated and its policy allows no blobs and no eval', async () => {
  const page = await get('/');
  expect(page.status).toBe(200);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers['cross-origin-opener-policy']).toBe('same-origin');
  expect(page.headers['cross-origin-embedder-policy']).toBe('require-corp');
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'self';");
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy).toContain("worker-src 'self';");
  expect(policy).toContain("connect-src 'self';");
  expect(policy).not.toContain("'unsafe-eval'");
});

test('nobody may frame the page but whom the command line names', async () => {
  expect((await get('/')).headers['content-security-policy']).toContain("frame-ancestors 'none'");
  const { framing } = serverOptions(['--allow-framing', 'https://slides.example.org/', '--allow-framing', 'http://localhost:8000']);
  const framed = await serve({ folder, port: 0, framing });
  const { headers } = await fetch(framed.url);
  await framed.close();
  expect(headers.get('content-security-policy')).toMatch(/; frame-ancestors https:\/\/slides\.example\.org http:\/\/localhost:8000$/);
  expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  for (const wrong of ['slides.example.org', '*', 'https://example.org/talk', 'data:text/html,x'])
    expect(() => serverOptions(['--allow-framing', wrong]), wrong).toThrow(`--allow-framing is "${wrong}"`);
});

test('scripts, which workers run under their own policy, may start threads from blobs', async () => {
  const script = await get('/assets/trainer.worker-abc.js');
  expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(script.headers['content-security-policy']).toContain("worker-src 'self' blob:;");
  expect(script.headers['content-security-policy']).not.toContain("'unsafe-eval'");
  expect(script.headers['cache-control']).toContain('immutable');
});

test('wasm has its type and length, and a known tag is not sent again', async () => {
  const module = await get('/assets/kernels-abc.wasm?v=1');
  expect(module.headers['content-type']).toBe('application/wasm');
  expect(module.headers['content-length']).toBe('8');
  const again = await get('/assets/kernels-abc.wasm', { 'If-None-Match': String(module.headers['etag']) });
  expect(again.status).toBe(304);
  expect(again.body).toBe('');
});

test('ranges are served, and one outside the file is refused', async () => {
  const part = await get('/assets/kernels-abc.wasm', { Range: 'bytes=1-3' });
  expect(part.status).toBe(206);
  expect(part.headers['content-range']).toBe('bytes 1-3/8');
  expect(part.body).toBe('asm');
  expect((await get('/assets/kernels-abc.wasm', { Range: 'bytes=8-' })).status).toBe(416);
});

test('HEAD has no body, an empty file is a file, and nothing can be written', async () => {
  const head = await get('/', {}, 'HEAD');
  expect(head.status).toBe(200);
  expect(head.headers['content-length']).toBe('15');
  expect(head.body).toBe('');
  expect((await get('/empty.txt')).status).toBe(200);
  expect((await get('/', {}, 'POST')).status).toBe(405);
});

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/..%5csecret.txt',
  '//secret.txt/../../secret.txt',
  '/link.txt',
  '/.hidden',
  '/%00',
  '/%zz',
  '/assets',
  '/missing.js',
])('%s is not found', async (path) => {
  const answer = await get(path);
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain('secret\n');
});

test('a taken port is passed over, or reported when it must be that one', async () => {
  const next = await serve({ folder, port: server.port });
  expect(next.port).toBeGreaterThan(server.port);
  await next.close();
  await expect(serve({ folder, port: server.port, strictPort: true })).rejects.toThrow(/EADDRINUSE/);
});

test.each([
  [undefined, 'none'],
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', { start: 0, end: 9 }],
  ['bytes=5-100', { start: 5, end: 9 }],
  ['bytes=6-5', 'invalid'],
  ['bytes=10-', 'invalid'],
  ['bytes=-0', 'invalid'],
  ['bytes=-', 'none'],
  ['bytes=0-1,3-4', 'none'],
])('range %s of ten bytes', (header, expected) => {
  expect(byteRange(header, 10)).toEqual(expected);
});

test.each([
  ['darwin', {}, ['open', ['http://localhost:1/']]],
  ['win32', { CI: 'false' }, ['cmd', ['/c', 'start', '""', 'http://localhost:1/']]],
  ['linux', { DISPLAY: ':0' }, ['xdg-open', ['http://localhost:1/']]],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, ['xdg-open', ['http://localhost:1/']]],
  ['linux', {}, null],
  ['darwin', { CI: 'true' }, null],
] as const)('on %s with %o the browser is opened by %o', (platform, env, expected) => {
  expect(openCommand('http://localhost:1/', { quiet: false, platform, env })).toEqual(expected);
  expect(openCommand('http://localhost:1/', { quiet: serverOptions(['--no-open']).quiet, platform, env })).toBeNull();
});
