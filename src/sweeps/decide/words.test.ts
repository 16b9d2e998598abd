import { describe, expect, it } from 'vitest';
import type { FindingCode, RefusalCode } from '../../core/laws/fit';
import type { LawId } from '../../core/laws/law';
import en from '../../i18n/en/laws.json';
import zh from '../../i18n/zh/laws.json';

/** All codes of the core; the compiler asks for those that are missing here, with the values each brings. */
const FINDINGS: Record<FindingCode, string[]> = {
  gauge: ['parameters'],
  'flat-direction': ['parameter', 'high'],
  'parameter-at-bound': ['parameter', 'value'],
  'parameter-wide': ['parameter', 'low', 'high'],
  'not-identified': ['parameter'],
  'no-spare-runs': ['settings', 'parameters'],
  'residual-intervals': ['settings', 'needed'],
  folds: ['folds', 'settings'],
  constant: ['variable', 'value'],
  subset: ['runs', 'of', 'held'],
  'share-rank': ['rank', 'needed'],
  'poor-fit': ['r2'],
  'outside-measured': ['variable', 'value', 'low', 'high'],
  'at-edge': ['variable', 'value'],
  'flat-response': ['variable', 'spread', 'noise'],
  'flat-channel': ['channel', 'range'],
  'history-unknown': ['parameters'],
};
const REFUSALS: Record<RefusalCode, string[]> = {
  'too-few': ['settings', 'needed'],
  'no-variation': ['variable'],
  'not-monotone': ['against', 'range', 'noise'],
  'not-bracketed': ['variable', 'value'],
  'no-solution': ['law'],
  'no-base': ['channel'],
  'no-role': ['role'],
  'predicts-nothing': ['law', 'r2'],
};
const LAWS: Record<LawId, true> = {
  ...{ exponential: true, 'exponential-log': true, 'exponential-many': true, 'power-ridge': true, 'least-squares': true },
  ...{ dcpt: true, cmr: true, rate: true, warmup: true, repeats: true, dynamics: true },
};

const used = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]!).sort();

describe.each([
  ['en', en],
  ['zh', zh],
])('words of %s', (_, texts) => {
  it('has a sentence for each finding and refusal, of what they bring', () => {
    expect(Object.fromEntries(Object.entries(texts.finding).map(([code, text]) => [code, used(text)]))).toEqual(sorted(FINDINGS));
    expect(Object.fromEntries(Object.entries(texts.refusal).map(([code, text]) => [code, used(text)]))).toEqual(sorted(REFUSALS));
  });

  it('names each law', () => {
    expect(Object.keys(texts.law).sort()).toEqual(Object.keys(LAWS).sort());
  });
});

const sorted = (codes: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(codes).map(([code, names]) => [code, [...names].sort()]));
