// @ts-check
/**
 * Probe text that stands in the bundled training text: it would measure what was memorised, and the pipeline's decontamination would drop
 * the rows. The rule is the pipeline's (workers/corpus/pipeline/overlap.ts): runs of 13 tokens, or a whole text of 8 to 12.
 */
import { readFileSync } from 'node:fs';

const RUN = 13;
const SHORTEST = 8;

/** Words, and CJK characters one by one. @param {string} text @returns {string[]} */
const tokensOf = (text) =>
  text.toLowerCase().match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\p{Script=Han}\P{L}]+|\p{N}+/gu) ?? [];

/** What of an item stands in text: the right one of a pair, or the prompt with its right answer. @param {any} item @returns {string[]} */
export const textsOf = (item) => ('good' in item ? [item.good] : [item.prompt, `${item.prompt}${item.choices[item.answer]}`]);

/**
 * @param {URL} folder with corpora/ and probes/
 * @param {{ id: string, texts: string[] }[]} probes @returns {Map<string, number>} items that overlap, by set
 */
export function overlaps(folder, probes) {
  /** @type {Map<string, { run: string, id: string, item: number }[]>} by the first tokens */
  const wanted = new Map();
  probes.forEach(({ id, texts }, item) => {
    for (const tokens of texts.map(tokensOf)) {
      const length = Math.min(RUN, tokens.length);
      if (length < SHORTEST) continue;
      for (let at = 0; at + length <= tokens.length; at++) {
        const run = tokens.slice(at, at + length);
        const head = run.slice(0, SHORTEST).join(' ');
        wanted.set(head, [...(wanted.get(head) ?? []), { run: run.join(' '), id, item }]);
      }
    }
  });
  const starts = new Set([...wanted.keys()].map((head) => head.slice(0, head.indexOf(' '))));
  /** @type {Map<string, Set<number>>} */
  const found = new Map();
  for (const { train } of JSON.parse(readFileSync(new URL('corpora/manifest.json', folder), 'utf8')).corpora) {
    const tokens = tokensOf(readFileSync(new URL(`corpora/${train}`, folder), 'utf8'));
    tokens.forEach((token, at) => {
      if (!starts.has(token)) return;
      for (const { run, id, item } of wanted.get(tokens.slice(at, at + SHORTEST).join(' ')) ?? [])
        if (tokens.slice(at, at + run.split(' ').length).join(' ') === run) found.set(id, (found.get(id) ?? new Set()).add(item));
    });
  }
  return new Map([...found].map(([id, items]) => [id, items.size]));
}

/** All shipped items. @param {URL} folder @returns {{ id: string, texts: string[] }[]} */
export function shippedProbes(folder) {
  return JSON.parse(readFileSync(new URL('probes/manifest.json', folder), 'utf8')).sets.flatMap((/** @type {any} */ { id, file }) =>
    readFileSync(new URL(`probes/${file}`, folder), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ id, texts: textsOf(JSON.parse(line)) })),
  );
}
