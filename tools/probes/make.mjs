// @ts-check
/**
 * Writes the studio's own probe sets to public/probes: node tools/probes/make.mjs
 * Choices are shuffled by a seed, so that the right one stands at no favoured place. Sets by others lie there as they are and are
 * listed in others.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import commonsense from './commonsense.mjs';
import facts from './facts.mjs';
import grammar from './grammar.mjs';
import logic from './logic.mjs';

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
/** @type {unknown[]} */
const others = JSON.parse(readFileSync(new URL('others.json', import.meta.url), 'utf8'));
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ sets: [...sets, ...others] }, null, 2)}\n`);
