// @ts-check
/** Draws public/icons/ from public/favicon.svg, by hand when that changes: `node tools/icons.mjs`. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { browserFlags, ensureBrowser } from './find-browser.mjs';
import { root } from './setup.mjs';

const drawing = readFileSync(join(root, 'public/favicon.svg'), 'utf8');
/** The drawing to the edge without its corners: what a system cuts out of it is its own affair, and lies within the inner 80 %. */
const whole = drawing.replace(' rx="14"', '').replace('viewBox="0 0 64 64"', 'viewBox="-4 -4 72 72"');
const filled = whole.replace('<rect width="64" height="64"', '<rect x="-4" y="-4" width="72" height="72"');
const icons = [
  { name: 'any-192', size: 192, svg: drawing },
  { name: 'any-512', size: 512, svg: drawing },
  { name: 'maskable-192', size: 192, svg: filled },
  { name: 'maskable-512', size: 512, svg: filled },
  { name: 'touch-180', size: 180, svg: filled },
];

mkdirSync(join(root, 'public/icons'), { recursive: true });
const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: browserFlags() });
const page = await browser.newPage();
for (const { name, size, svg } of icons) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await page.screenshot({ path: join(root, `public/icons/${name}.png`), omitBackground: true });
}
await browser.close();
