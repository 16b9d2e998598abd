// @ts-check
/**
 * Megabytes per second of encoding, in one worker and in a pool, and the time that training a tokenizer takes, in headless
 * Chromium, over the bundled training text. tokenizer.py measures Hugging Face's `tokenizers` on the same text.
 *
 *     node e2e/bench/tokenizer.mjs [--rounds 3] [--workers 2] [--merges 8192] [--tokenizer nano …] [--added 10000 …] [--no-training] [--port 5305]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { processorSeconds } from './processor-time.mjs';
import { openBench, writeResult } from './site.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    merges: { type: 'string', default: '8192' },
    tokenizer: { type: 'string', multiple: true },
    added: { type: 'string', multiple: true, default: [] },
    'no-training': { type: 'boolean', default: false },
    port: { type: 'string', default: '5305' },
  },
});
/** @param {string} path */
const from = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** @param {string} path */
const read = (path) => readFileSync(from(path), 'utf8');
const model = '{"eos_token_id":0}';
const tokenizers = [
  { name: 'nano', tokenizer: read('public/models/nano/tokenizer.json'), config: null, model },
  ...['gpt2', 'llama3', 'qwen2', 'llama2', 'bert', 't5'].map((name) => ({
    name,
    tokenizer: read(`e2e/parity/fixtures/tokenizers/${name}.json`),
    config: null,
    model,
  })),
];
/** Qwen 2's kind with so many strings of the Chinese text as added tokens, by the studio's own path, and with a step that only the crate has. */
for (const count of values.added.map(Number)) {
  const json = JSON.parse(read('e2e/parity/fixtures/tokenizers/qwen2.json'));
  const text = read('public/corpora/zh.train.txt');
  const terms = new Set();
  for (const length of [3, 4, 5, 6])
    for (let at = 0; at + length < text.length && terms.size < count; at++) terms.add(text.slice(at, at + length));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
  const first = Object.keys(json.model.vocab).length;
  json.added_tokens = [...terms].map((content, at) => ({ id: first + at, content, ...flags }));
  const steps = [{ type: 'Digits', individual_digits: true }, ...json.pre_tokenizer.pretokenizers];
  const files = (/** @type {object} */ file) => ({ tokenizer: JSON.stringify(file), config: null, model });
  tokenizers.push({ name: `${count} added`, ...files(json) });
  tokenizers.push({ name: `${count} added, crate`, ...files({ ...json, pre_tokenizer: { ...json.pre_tokenizer, pretokenizers: steps } }) });
}
const special = '<|endoftext|>';
const training = [
  {
    kind: 'byte-bpe',
    vocabularySize: Number(values.merges) + 257,
    minFrequency: 0,
    specialTokens: [special],
    endOfText: special,
    alphabet: 'bytes',
    alphabetLimit: null,
    preTokens: 'gpt2',
    normalizer: 'none',
  },
  {
    kind: 'wordpiece',
    vocabularySize: 16_384,
    minFrequency: 0,
    specialTokens: ['[UNK]', '[SEP]'],
    endOfText: '[SEP]',
    unknownToken: '[UNK]',
    lowercase: true,
    alphabetLimit: null,
  },
  {
    kind: 'unigram',
    vocabularySize: 16_384,
    specialTokens: ['</s>', '<unk>'],
    endOfText: '</s>',
    unknownToken: '<unk>',
    shrinkingFactor: 0.75,
    subIterations: 2,
    maxPieceLength: 16,
  },
];

const { page, close } = await openBench({
  root: fileURLToPath(new URL('tokenizer/', import.meta.url)),
  publicDir: from('public'),
  port: Number(values.port),
  ready: 'tokenizerBench',
});
/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;
try {
  /**
   * @param {string} method
   * @param {unknown[]} args
   */
  const call = async (method, ...args) => {
    const before = processorSeconds(process.pid);
    const result = await page.evaluate(
      ([name, given]) => /** @type {any} */ (window)['tokenizerBench'][/** @type {string} */ (name)](.../** @type {unknown[]} */ (given)),
      [method, args],
    );
    return { result, processor: processorSeconds(process.pid) - before };
  };
  const { corpora } = JSON.parse(read('public/corpora/manifest.json'));
  const chosen = corpora.filter((/** @type {{ id: string }} */ { id }) => ['zh', 'en', 'code', 'domain'].includes(id));
  const { result: bytes } = await call('load', chosen);
  console.log(`${(bytes / 1e6).toFixed(2)} MB`);

  const encoding = [];
  for (const { name, ...files } of tokenizers.filter(
    ({ name }) => values.tokenizer?.includes(name) ?? (values.added.length === 0 || name.includes(' added')),
  ))
    for (const workers of [0, Number(values.workers)]) {
      /** @type {{ result: any, processor: number }[]} */
      const rounds = [];
      for (let round = 0; round < Number(values.rounds); round++) rounds.push(await call('encode', files, workers));
      const ids = workers > 0 ? ['all'] : ['zh', 'en', 'code', 'domain', 'all'];
      const speed = (/** @type {string} */ id) =>
        median(
          rounds.map(({ result }) => {
            const one = result.find((/** @type {{ corpus: string }} */ { corpus }) => corpus === id);
            return one.bytes / 1e3 / one.milliseconds;
          }),
        );
      const processor = ((workers > 0 ? 1 : 2) * bytes) / 1e6 / median(rounds.map((round) => round.processor));
      const row = { tokenizer: name, workers: Math.max(1, workers), ...Object.fromEntries(ids.map((id) => [id, speed(id)])), processor };
      encoding.push(row);
      const figures = ids.map((id) => `${id} ${speed(id).toFixed(1)}`).join('  ');
      console.log(
        `${name}, ${workers === 0 ? 'one worker' : `pool of ${workers}`}: ${figures} MB/s; ${processor.toFixed(1)} MB a processor second`,
      );
    }
  const trained = [];
  for (const options of values['no-training'] ? [] : training) {
    const { result, processor } = await call('train', options);
    trained.push({ ...result, processor });
    console.log(
      `train ${result.kind}: ${result.vocabulary} ids in ${(result.milliseconds / 1e3).toFixed(1)} s, ${processor.toFixed(1)} s of processor`,
    );
  }
  writeResult('tokenizer', { bytes, encoding, trained });
} finally {
  await close();
}
