/** Figures that sacreBLEU and rouge-score computed (e2e/parity/make_metric_fixtures.py). */
import { describe, expect, it } from 'vitest';
import fixtures from '../../../e2e/parity/fixtures/metrics.json';
import { bleu, rougeL } from './text-overlap';

describe('BLEU and ROUGE-L', () => {
  it.each(fixtures.sentences)('of $text', ({ text, reference, rougeL: [precision, recall, f], bleu13a, bleuZh }) => {
    expect(bleu([{ text, reference }], { tokenizer: '13a', effectiveOrder: true })).toBeCloseTo(bleu13a, 9);
    expect(bleu([{ text, reference }], { tokenizer: 'zh', effectiveOrder: true })).toBeCloseTo(bleuZh, 9);
    const score = rougeL(reference, text);
    expect([score.precision, score.recall, score.f]).toEqual([precision, recall, f].map((value) => expect.closeTo(value!, 12)));
  });

  it('of the whole corpus', () => {
    expect(bleu(fixtures.sentences, { tokenizer: '13a' })).toBeCloseTo(fixtures.corpus['13a'], 9);
    expect(bleu(fixtures.sentences, { tokenizer: 'zh' })).toBeCloseTo(fixtures.corpus.zh, 9);
  });
});
