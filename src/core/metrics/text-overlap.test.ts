/** Figures that sacreBLEU, rouge-score, nltk and SQuAD's evaluation computed (e2e/parity/make_metric_fixtures.py). */
import { describe, expect, it } from 'vitest';
import fixtures from '../../../e2e/parity/fixtures/metrics.json';
import { judgeAnswer } from '../probes/probe-score';
import { meteor, stem } from './meteor';
import { bleu, chrF, rougeL } from './text-overlap';

describe('BLEU, chrF, METEOR and ROUGE-L', () => {
  it.each(fixtures.sentences)('of $text against its reference', ({ text, reference, ...wanted }) => {
    expect(chrF([{ text, reference }])).toBeCloseTo(wanted.chrf, 9);
    expect(meteor(reference, text)).toBeCloseTo(wanted.meteor, 12);
    if (!('exact' in wanted)) return;
    const { exact, f1 } = judgeAnswer(reference, text).more!;
    expect({ exact, f1 }).toEqual({ exact: wanted.exact, f1: expect.closeTo(wanted.f1!, 12) });
  });

  it('stems as nltk does', () => {
    for (const [word, wanted] of Object.entries(fixtures.stems)) expect(stem(word), word).toBe(wanted);
  });

  it('passes an answer by its pattern', () => {
    expect(judgeAnswer(' 4', 'It is 4.', '\\b(4|four)\\b').more!.passed).toBe(true);
    expect(judgeAnswer(' 4', '44', '^\\s*4$').more!.passed).toBe(false);
    expect(judgeAnswer(' 4', '4').more).not.toHaveProperty('passed');
  });

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
    expect(chrF(fixtures.sentences)).toBeCloseTo(fixtures.chrf, 9);
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
