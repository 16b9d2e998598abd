/** Figures that sacreBLEU and rouge-score computed (e2e/parity/make_metric_fixtures.py). */
import { describe, expect, it } from 'vitest';
import fixtures from '../../../e2e/parity/fixtures/metrics.json';
import { judgeAnswer } from '../probes/probe-score';
import { bleu, rougeL } from './text-overlap';

describe('BLEU and ROUGE-L', () => {
  it.each(fixtures.sentences)('of $text', ({ text, reference, rougeL: [precision, recall, f], bleu13a, bleuChar, bleuZh }) => {
    expect(bleu([{ text, reference }], { tokenizer: '13a', effectiveOrder: true })).toBeCloseTo(bleu13a, 9);
    expect(bleu([{ text, reference }], { tokenizer: 'zh', effectiveOrder: true })).toBeCloseTo(bleuZh, 9);
    expect(bleu([{ text, reference }], { tokenizer: 'char', effectiveOrder: true })).toBeCloseTo(bleuChar, 9);
    const score = rougeL(reference, text);
    expect([score.precision, score.recall, score.f]).toEqual([precision, recall, f].map((value) => expect.closeTo(value!, 12)));
  });

  it('of the whole corpus', () => {
    expect(bleu(fixtures.sentences, { tokenizer: '13a' })).toBeCloseTo(fixtures.corpus['13a'], 9);
    expect(bleu(fixtures.sentences, { tokenizer: 'zh' })).toBeCloseTo(fixtures.corpus.zh, 9);
    expect(bleu(fixtures.sentences, { tokenizer: 'char' })).toBeCloseTo(fixtures.corpus.char, 9);
  });

  it('is 1 for a text held against itself, in whatever script', () => {
    const texts = ['Столица Франции Париж', 'niño', '수도는 서울', 'ありがとうございます', 'عاصمة', 'ภาษาไทย', 'e\u0301te\u0301', '大阪'];
    for (const text of texts) expect(rougeL(text, text.normalize('NFC')).f, text).toBe(1);
  });

  it('judges an answer by what its script parts', () => {
    // sacreBLEU's tokenizers: char, zh and 13a.
    expect(judgeAnswer('ありがとうございます', 'ありがとうございました').bleu).toBeCloseTo(78.61, 1);
    const of = (sought: string) => fixtures.sentences.find(({ text }) => text === sought)!;
    for (const [text, tokenizer] of [
      ['患者は毎日薬を飲む。', 'bleuChar'],
      ['病人需要立即治疗。', 'bleuZh'],
      ['수도는 서울 이다', 'bleu13a'],
    ] as const)
      expect(judgeAnswer(of(text).reference, text).bleu).toBeCloseTo(of(text)[tokenizer], 9);
  });
});
