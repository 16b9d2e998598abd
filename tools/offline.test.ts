import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { pagePolicy, scriptPolicies } from './headers.mjs';
import { offlineBuild } from './offline.mjs';
import { root } from './setup.mjs';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-offline-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('files are kept by name where that has a hash, else by content; what is large and rare on use; maps never', () => {
  mkdirSync(join(folder, 'assets'));
  for (const name of [
    'index.html',
    'assets/index-AbCd_123.js',
    'assets/index-AbCd_123.js.map',
    'assets/pdf.worker-CgHvibYH.js',
    'assets/V-IE_GrH2i.bcmap',
  ])
    writeFileSync(join(folder, name), name);
  const first = offlineBuild(folder);
  expect(first.files).toEqual([
    { url: 'assets/index-AbCd_123.js', revision: null },
    // sha256sum of the ten bytes "index.html"
    { url: 'index.html', revision: '0eb547304658805a' },
  ]);
  expect(['assets/pdf.worker-CgHvibYH.js', 'assets/V-IE_GrH2i.bcmap'].every((name) => new RegExp(first.onUse).test(name))).toBe(true);
  writeFileSync(join(folder, 'assets/V-IE_GrH2i.bcmap'), 'other');
  expect(offlineBuild(folder).version).not.toBe(first.version);
});

test('both manifests make one installed studio, with icons that are there, and its pages as the studio names them', () => {
  const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const [en, zh] = [read('public/manifest.webmanifest'), read('public/manifest.zh.webmanifest')];
  const { lang: _en, description: _inEnglish, shortcuts: pagesEn, ...same } = en;
  expect(zh).toMatchObject(same);
  for (const { src, sizes } of en.icons.filter(({ type }: { type: string }) => type === 'image/png')) {
    const header = readFileSync(join(root, 'public', src)).subarray(16, 24);
    expect(`${header.readUInt32BE(0)}x${header.readUInt32BE(4)}`, src).toBe(sizes);
  }
  const names = (language: string) => read(`src/i18n/${language}/common.json`).nav;
  for (const [pages, nav] of [
    [pagesEn, names('en')],
    [zh.shortcuts, names('zh')],
  ])
    for (const { name, url } of pages) expect(nav[url.replace('./#/', '')]).toBe(name);
});

test('the configurations of other servers in docs/HOSTING.md hold every policy as it is', () => {
  const hosting = readFileSync(join(root, 'docs/HOSTING.md'), 'utf8');
  for (const policy of [pagePolicy, ...scriptPolicies.map(({ policy }) => policy)])
    // Cloudflare, nginx, Caddy.
    expect(hosting.split(`${policy}"`).length - 1 + (hosting.split(`: ${policy}; frame-ancestors 'none'`).length - 1), policy).toBe(3);
});
