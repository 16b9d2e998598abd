// @ts-check
/**
 * "Which line comes next?" of ci poems of the Five Dynasties (Among the Flowers, and the two rulers of Southern Tang), from npm's
 * chinese-poetry: none of them is in the bundled text. The other choices are next lines of other poems with the same number of characters.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ITEMS = 300;
const CHOICES = 4;

/**
 * @param {string} folder of the package @param {() => number} random
 * @param {(texts: readonly string[]) => Set<number>} standing numbers of the texts that are to be left out
 * @returns {{ prompt: string, choices: string[] }[]} the right choice first
 */
export default function nextLines(folder, random, standing) {
  const files = ['huajianji', 'nantang'].flatMap((name) => {
    const from = join(folder, 'dist', 'wudaishici', name);
    return readdirSync(from)
      .filter((file) => /^(huajianji-.*|poetrys)\.json$/.test(file))
      .sort()
      .map((file) => join(from, file));
  });
  /** @type {{ paragraphs: string[] }[]} */
  const poems = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')));
  const all = poems.flatMap(({ paragraphs }) => {
    const lines = paragraphs.map((line) => line.trim());
    const at = lines.findIndex((line, index) => line.length >= 10 && (lines[index + 1] ?? '').length >= 8);
    const [line, next] = [lines[at], lines[at + 1]];
    return line && next && !/[（(□]/.test(line + next) ? [{ prompt: `${line}\n`, next }] : [];
  });
  const known = standing(all.map(({ prompt, next }) => prompt + next));
  const pairs = all.filter((_, at) => !known.has(at));
  const unique = [...new Map(pairs.map((pair) => [pair.prompt, pair])).values()];
  /** @param {number} below */
  const pick = (below) => Math.floor(random() * below);
  const items = [];
  while (items.length < ITEMS) {
    if (unique.length === 0) throw new Error(`Only ${items.length} of ${ITEMS} items`);
    const [{ prompt, next }] = /** @type {[{ prompt: string, next: string }]} */ (unique.splice(pick(unique.length), 1));
    const others = [...new Set(pairs.map((pair) => pair.next))].filter((line) => line !== next && line.length === next.length);
    if (others.length < CHOICES - 1) continue;
    const choices = [next];
    while (choices.length < CHOICES) choices.push(/** @type {string} */ (others.splice(pick(others.length), 1)[0]));
    items.push({ prompt, choices });
  }
  return items;
}
