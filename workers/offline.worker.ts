/**
 * The service worker, which a build makes `service-worker.js` (tools/offline.mjs). It gives every answer of a plain host the headers that
 * isolate the page and bind each file to its policy, and keeps the studio for visits without a network. It never changes what a page
 * runs: a page that is online loads what the host has, and files under a name with a hash are the same wherever they come from.
 */
import { PrecacheController } from 'workbox-precaching/PrecacheController.js';
import { CacheFirst } from 'workbox-strategies/CacheFirst.js';
import type { OfflineBuild, OfflineMessage } from '../src/contract/offline';

declare const self: ServiceWorkerGlobalScope;
declare const OFFLINE: OfflineBuild;

const { version, files, onUse, headers } = OFFLINE;
/** Milliseconds that a host may take to begin its answer before a kept file stands in. */
const PATIENCE = 4000;

const root = self.registration.scope;
const kept = new PrecacheController({ cacheName: 'crossfade' });
kept.addToCacheList(files);
const ON_USE = `crossfade-on-use-${root}-`;
const used = new CacheFirst({ cacheName: ON_USE + version });
const keptOnUse = new RegExp(onUse);
const scripts = headers.scripts.map(({ path, policy }) => ({ path: new RegExp(path), policy }));

// A first version takes over before it keeps anything, so that the page need not wait for its headers. A later one has all its files
// before it is ready, and waits until it is asked or no page of the former is left.
self.addEventListener('install', (event) => {
  if (self.registration.active) void kept.install(event);
  else event.waitUntil(self.skipWaiting());
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const message = event.data as OfflineMessage;
  const reply = async (answer: Promise<boolean>) => event.ports[0]?.postMessage(await answer.catch(() => false));
  event.waitUntil(
    message.type === 'started'
      ? reply(keepAll(event))
      : message.type === 'take-over'
        ? self.skipWaiting()
        : reply(takeOverFrom(message.script)),
  );
});

// Of an alert, where a page may not show one itself.
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: 'window' }).then(([page]) => page?.focus()));
});

/** Fetches what is not kept yet; then removes what former versions kept, unless another page may still be one of theirs. */
async function keepAll(event: ExtendableEvent): Promise<boolean> {
  const within = { type: 'install', waitUntil: (work: Promise<unknown>) => event.waitUntil(work) } as ExtendableEvent;
  await kept.install(within);
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (pages.length > 1) return true;
  await kept.activate(within);
  for (const name of await caches.keys()) if (name.startsWith(ON_USE) && name !== used.cacheName) await caches.delete(name);
  return true;
}

async function takeOverFrom(script: string): Promise<boolean> {
  if (!kept.getCacheKeyForURL(script)) return false;
  await self.skipWaiting();
  return true;
}

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  // What a person fetches from other origins, and other pages of this one, are none of its business.
  if (method === 'GET' && url.startsWith(root)) event.respondWith(answer(event, new URL(url)));
});

async function answer(event: FetchEvent, url: URL): Promise<Response> {
  const path = url.pathname.slice(new URL(root).pathname.length);
  return secured(await find(event, path), path);
}

async function find(event: FetchEvent, path: string): Promise<Response> {
  const { request } = event;
  const key = kept.getCacheKeyForURL(new URL(path.endsWith('/') || path === '' ? `${path}index.html` : path, root).href);
  if (path.startsWith('assets/')) {
    // Also those of a former version, for a page that is still one of it.
    const found = await caches.match(new URL(path, root).href, { cacheName: kept.strategy.cacheName });
    return found ?? (keptOnUse.test(path) ? used.handle({ event, request }) : fetch(request));
  }
  const held = key === undefined ? undefined : await caches.match(key);
  if (!held) return fetch(request);
  const slow = new Promise<Response>((resolve) => setTimeout(() => resolve(held), PATIENCE));
  const asked = fetch(request).then(
    (response) => (response.status >= 500 ? held : response),
    () => held,
  );
  return Promise.race([asked, slow]);
}

/** What the host says itself of policy and types stands; the page is isolated in any case. */
function secured(response: Response, path: string): Response {
  // A redirect, which the browser follows itself.
  if (response.type === 'opaqueredirect' || response.status === 0) return response;
  const own = new Headers(response.headers);
  const policy = scripts.find((script) => script.path.test(`/${path}`))?.policy ?? headers.page;
  for (const [name, value] of Object.entries({ ...headers.isolation, ...headers.plain, 'Content-Security-Policy': policy }))
    if (name === 'Cross-Origin-Opener-Policy' || name === 'Cross-Origin-Embedder-Policy' || !own.has(name)) own.set(name, value);
  const body = [204, 205, 304].includes(response.status) ? null : response.body;
  return new Response(body, { status: response.status, statusText: response.statusText, headers: own });
}
