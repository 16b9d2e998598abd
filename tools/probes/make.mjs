// @ts-check
/**
 * Writes the studio's own probe sets to public/probes: node tools/probes/make.mjs [--poems DIR]
 * Choices are shuffled by a seed, so that the right one stands at no favoured place. Sets by others lie there and are listed in
 * others.json; with a folder of npm's chinese-poetry the set of poems is made again. No item stands in the bundled training text.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import commonsense from './commonsense.mjs';
import facts from './facts.mjs';
import grammar from './grammar.mjs';
import logic from './logic.mjs';
import nextLines from './next-line.mjs';
import { overlaps, shippedProbes, textsOf } from './overlap.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'public', 'probes');
mkdirSync(folder, { recursive: true });

/** mulberry32. @param {number} seed */
function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = randomNumbers(20261122);

/** @param {{ prompt: string, choices: string[] }} item */
function shuffled({ prompt, choices }) {
  const order = choices.map((_, at) => at);
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [/** @type {number} */ (order[other]), /** @type {number} */ (order[at])];
  }
  return { prompt, choices: order.map((at) => choices[at]), answer: order.indexOf(0) };
}

const sets = [];
/** @typedef {{ good: string, bad: string } | { prompt: string, choices: string[] }} Item */
/** @type {Record<string, Record<string, Item[]>>} */
const groups = { grammar, commonsense, facts, logic };
for (const [group, languages] of Object.entries(groups))
  for (const [language, items] of Object.entries(languages)) {
    const file = `${language}-${group}.jsonl`;
    const lines = items.map((item) => JSON.stringify({ ...('prompt' in item ? shuffled(item) : item), group }));
    writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
    sets.push({ id: `${language}-${group}`, file, language, group, items: lines.length, licence: 'Apache-2.0', source: 'Crossfade' });
    console.log(file, lines.length);
  }

const assets = new URL('../../public/', import.meta.url);
/** Whether a text stands in the bundled training text. @param {readonly string[]} texts @returns {Set<number>} numbers of those that do */
function standing(texts) {
  return new Set(
    [
      ...overlaps(
        assets,
        texts.map((text, at) => ({ id: String(at), texts: [text] })),
      ).keys(),
    ].map(Number),
  );
}

/** @type {{ id: string, file: string, items: number }[]} */
const others = JSON.parse(readFileSync(new URL('others.json', import.meta.url), 'utf8'));
const poems = process.argv.indexOf('--poems');
for (const set of others) {
  const path = join(folder, set.file);
  let lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  if (set.id === 'zh-next-line' && poems > 0) {
    const items = nextLines(String(process.argv[poems + 1]), random, standing);
    lines = items.map((item) => JSON.stringify({ ...shuffled(item), group: 'next-line' }));
  }
  const left = standing(lines.map((line) => textsOf(JSON.parse(line)).join('\n')));
  lines = lines.filter((_, at) => !left.has(at));
  set.items = lines.length;
  writeFileSync(path, `${lines.join('\n')}\n`);
  console.log(set.file, lines.length);
}
writeFileSync(new URL('others.json', import.meta.url), `${JSON.stringify(others, null, 2)}\n`);
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ sets: [...sets, ...others] }, null, 2)}\n`);

const found = overlaps(assets, shippedProbes(assets));
if (found.size > 0) throw new Error(`Probes stand in the bundled training text: ${JSON.stringify([...found])}`);
