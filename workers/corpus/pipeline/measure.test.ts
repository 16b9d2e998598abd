/** What is measured of a row, by hand on small texts. */
import MiniSearch from 'minisearch';
import { describe, expect, it } from 'vitest';
import { judge, worstRule, type RowMeasures } from '../../../src/core/corpus/quality';
import { defaultPipelineSettings, pipelineSettingsSchema, qualityRules } from '../../../src/core/corpus/settings';
import { DIGIT, PUNCTUATION, SYMBOL, Scanner } from './scan';
import { passagesToCut, withoutPassages, normalise } from './clean';
import { TermDensity, TermMatcher } from './terms';
import { languageOf, languages, loadDetector } from './language';
import { findOverlaps, overlapTable, PROBE, runsOf } from './overlap';

const scanner = new Scanner();
const scan = (text: string): Scanner => {
  scanner.scan(text);
  return scanner;
};
const tokens = (text: string) => Array.from(scan(text).hashes.subarray(0, scanner.tokens));

describe('normalising', () => {
  it.each([
    ['cafe\u0301', 'caf\u00e9'],
    ['a\r\nb\rc\u2028d\u0085e', 'a\nb\nc\nd\ne'],
    ['\ufeffa\u0000\u0007b\u200bc\tend\u00ad', 'abc\tend'],
    ['\n \n\n  indented\n\nlast \n\n', '  indented\n\nlast'],
    ['x\ud800y', 'x\ufffdy'],
    ['👩\u200d🚀 می\u200cخواهم', '👩\u200d🚀 می\u200cخواهم'],
    ['　春眠不觉晓　', '　春眠不觉晓'],
    [' \u0000\r\n', ''],
    ['', ''],
  ])('makes %j into %j', (text, expected) => {
    expect(normalise(text)).toBe(expected);
    expect(normalise(expected)).toBe(expected);
  });
});

describe('one pass over a text', () => {
  it('counts words, with a CJK character as 1/1.5, and bytes as UTF-8 has them', () => {
    expect(scan('Two words, 3rd one.').words).toBe(4);
    expect(scan('知之为知之').words).toBeCloseTo(5 / 1.5, 12);
    expect(scan('用 LibreOffice 打开 2 个文件').words).toBeCloseTo(2 + 6 / 1.5, 12);
    for (const text of ['', 'plain', 'naïve café', '汉字かな交じり文', '한국어 문장', '𠀀𠀁 rare', '👩‍🚀 & é\n\t']) {
      expect(scan(text).bytes).toBe(new TextEncoder().encode(text).length);
    }
  });

  it('folds case, and takes every CJK character, rare ones too, for a token', () => {
    expect(tokens('Heart HEART')[0]).toBe(tokens('Heart HEART')[1]);
    expect(tokens('ÉCOLE школа')).toEqual(tokens('école ШКОЛА'));
    expect(new Set(tokens('一二三四')).size).toBe(4);
    expect(tokens('𠀀𠀁').length).toBe(2);
    expect(tokens('don’t')).toEqual(tokens('don t'));
    expect(tokens('snake_case')).toHaveLength(1);
  });

  it('shares out punctuation, symbols, digits and repeated lines', () => {
    // 10 units: 4 letters, 2 digits, 2 of punctuation, 2 symbols.
    scan('ab 12 cd, #$ .');
    expect([scanner.share(DIGIT), scanner.share(PUNCTUATION), scanner.share(SYMBOL)]).toEqual([0.2, 0.2, 0.2]);
    // Of 4 lines of 3 units, 2 stood there before; spaces around a line make no difference.
    expect(scan('abc\ndef\n\n abc \nabc').repeatedLines).toBe(0.5);
    expect(scan('').repeatedLines).toBe(0);
  });

  it('knows texts apart, also where their tokens are the same', () => {
    const hash = (text: string) => `${scan(text).low}/${scan(text).high}`;
    expect(hash('a b')).toBe(hash('a b'));
    const texts = ['a b', 'a  b', 'A b', 'a b ', 'a\nb', 'b a', ''];
    expect(new Set(texts.map(hash)).size).toBe(texts.length);
  });
});

describe('terms', () => {
  const matcher = new TermMatcher(['patient', 'therapy', 'diagnosis', 'blood pressure', 'blood', '糖尿病', '病人']);
  const find = (text: string) => matcher.find(scan(text));

  it('finds them in any case, across lines, in the plural, the longest first', () => {
    expect(find('The PATIENT and other patients; therapies, diagnoses.').counts).toEqual([0, 2, 1, 1, 2, 1]);
    expect(find('blood\npressure, blood').counts).toEqual([3, 1, 4, 1]);
    expect(find('impatient bloody').counts).toEqual([]);
    expect(find('糖尿病人').counts).toEqual([5, 1]);
  });

  it('measures their share of the words', () => {
    expect(find('high blood pressure again').words).toBe(2);
    expect(find('病人多').words).toBeCloseTo(2 / 1.5, 12);
  });
});

describe('BM25', () => {
  it('is MiniSearch’s for δ = 0', () => {
    const texts = [
      'blood dose blood ward',
      'ward garden stone',
      'blood',
      'garden window river stone paper blood',
      'dose dose dose ward river',
    ];
    const terms = ['blood', 'dose'];
    const index = new MiniSearch<{ id: number; text: string }>({ fields: ['text'] });
    index.addAll(texts.map((text, id) => ({ id, text })));
    const theirs = new Map(
      index
        .search(terms.join(' '), { bm25: { k: 1.2, b: 0.75, d: 0 } })
        .map(({ id, score, queryTerms }) => [id as number, score / queryTerms.length]),
    );

    const matcher = new TermMatcher(terms);
    const density = new TermDensity();
    const words = texts.map((text, row) => {
      const { counts } = matcher.find(scan(text));
      for (let at = 0; at < counts.length; at += 2) density.add(row, counts[at]!, counts[at + 1]!);
      // MiniSearch takes the number of different words for a text's length.
      return new Set(text.split(' ')).size;
    });
    const scores = new Float32Array(texts.length);
    density.score(scores, words, () => true, { k1: 1.2, b: 0.75 });
    texts.forEach((_, row) => expect(scores[row]).toBeCloseTo(theirs.get(row) ?? 0, 5));
    expect(scores[1]).toBe(0);
  });
});

describe('the score', () => {
  const sound: RowMeasures = {
    words: 100,
    repeatedLines: 0,
    repeatedPhrases: 0,
    symbols: 0,
    digits: 0,
    code: false,
    languageFits: true,
    terms: null,
  };
  const score = (row: Partial<RowMeasures>) => judge({ ...sound, ...row }, defaultPipelineSettings, []);

  it.each([
    [{}, 1],
    // 0.35 · (1 − 25/50)
    [{ words: 25 }, 0.825],
    [{ words: 0 }, 0.65],
    // 4,000 words: 0.35 · 0.5 · 1/4; 32,000 and more: 0.35 · 0.5.
    [{ words: 4000 }, 0.95625],
    [{ words: 1e6 }, 0.825],
    [{ repeatedLines: 0.2 }, 1],
    [{ repeatedLines: 0.4 }, 0.8],
    [{ repeatedPhrases: 1 }, 0.5],
    // 0.4 · (0.25 − 0.1) / 0.3 in prose; code may have as many.
    [{ symbols: 0.25 }, 0.8],
    [{ symbols: 0.25, code: true }, 1],
    [{ digits: 0.5 }, 0.7],
    [{ languageFits: false }, 0.8],
    // Half of the wanted 2 %.
    [{ terms: 0.01 }, 0.95],
    [{ terms: 0 }, 0.9],
    [{ words: 0, repeatedLines: 1, repeatedPhrases: 1, symbols: 1 }, 0],
  ] as [Partial<RowMeasures>, number][])('of %j is %f', (row, expected) => {
    expect(score(row)).toBeCloseTo(expected, 6);
  });

  it('names the rule that took most off', () => {
    const rules: number[] = [];
    judge({ ...sound, words: 40, digits: 0.5, languageFits: false }, defaultPipelineSettings, rules);
    expect(qualityRules[worstRule(rules, 0, defaultPipelineSettings.quality.weights)]).toBe('digits');
  });
});

describe('languages', () => {
  it.each([
    ['春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。', 'zh'],
    ['您可以通过 LibreOffice Calc 打开 CSV 文件，再保存为 ODS。', 'zh'],
    ['吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。', 'ja'],
    ['모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.', 'ko'],
    ['All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience.', 'en'],
    ['Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt.', 'de'],
    ['Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison.', 'fr'],
    ['Все люди рождаются свободными и равными в своем достоинстве и правах.', 'ru'],
    ['Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón.', 'es'],
    ['for (let i = 0; i < rows.length; i++) {\n  total += rows[i] * weights[i];\n}\nreturn total / rows.length;', 'code'],
    ['def mean(values):\n    """Arithmetic mean."""\n    return sum(values) / len(values)\n\nclass Empty(ValueError):\n    pass', 'code'],
    ['Chapter 13', 'und'],
    ['12 + 30 = 42', 'und'],
    ['', 'und'],
  ])('%j is %s', async (text, expected) => {
    await loadDetector();
    expect(languages[languageOf(text, scan(text), null)]).toBe(expected);
  });
});

describe('overlaps', () => {
  const words = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `w${from + at}`).join(' ');
  const overlaps = (text: string, ...others: string[]) => {
    const runs = others.map((other, owner) => ({ owner: owner === 2 ? PROBE : owner, runs: runsOf(scan(other), 13) }));
    const found = runs.flatMap(({ owner, runs: own }) => (own ? [{ owner, runs: own }] : []));
    const table = overlapTable(found, 13);
    return findOverlaps(scan(text), table, text.length);
  };

  it('begin at 13 tokens, and name the row', () => {
    const text = `before it ${words(0, 13)} and after`;
    expect(overlaps(text, words(100, 200), words(0, 12) + ' x')).toBeNull();
    expect(overlaps(text, words(100, 200), words(0, 40))).toEqual({ owner: 1, stretches: [[10, text.indexOf('and')]] });
    expect(overlaps(`x ${words(0, 30)} y ${words(50, 70)}`, words(0, 200))!.stretches).toHaveLength(2);
    expect(overlaps('甲乙丙丁戊己庚辛壬癸子丑寅卯', 'x', '……丁戊己庚辛壬癸、子丑寅卯；乙丙丁戊己庚辛壬癸子丑寅卯辰')).toMatchObject({
      owner: 1,
    });
  });

  it('of shorter texts are those of the whole, down to 8 tokens', () => {
    expect(overlaps(`a ${words(0, 9)} b`, words(0, 9))).toMatchObject({ owner: 0 });
    expect(overlaps(`a ${words(0, 8)} b`, words(0, 9))).toBeNull();
    expect(overlaps(`a ${words(0, 7)} b`, words(0, 7))).toBeNull();
    expect(overlaps(`a ${words(0, 8)} b`, 'x', 'y', words(0, 8))).toMatchObject({ owner: PROBE });
  });

  it('are cut out with their sentences, or take the row with them where little is left', () => {
    const sentence = 'Nothing of this sentence is in it, so it stays where it was. ';
    const text = `${sentence.repeat(4)}This one has the words in question. ${sentence.repeat(4)}`.trim();
    const at = text.indexOf('the words');
    const cuts = passagesToCut(text, [[at, at + 9]])!;
    expect(withoutPassages(text, cuts)).toBe(`${sentence.repeat(4).trim()}\n${sentence.repeat(4).trim()}`);
    expect(passagesToCut(text.slice(0, 240), [[10, 50]])).toBeNull();
    expect(passagesToCut(text, [[0, 300]])).toBeNull();
    const lines = Array.from({ length: 40 }, (_, line) => `line ${line} of many, each long enough`).join('\n');
    const many = Array.from({ length: 11 }, (_, cut) => [cut * 100, cut * 100 + 5] as [number, number]);
    expect(passagesToCut(lines, many)).toBeNull();
    expect(passagesToCut(lines, many.slice(0, 10))).toHaveLength(20);
  });
});

describe('settings', () => {
  it('come whole from nothing, and refuse what is no setting', () => {
    const settings = pipelineSettingsSchema.parse({});
    expect(settings).toMatchObject({
      minhashDedup: { threshold: 0.8 },
      quality: { thresholds: { domain: 0.8, general: 0.7 }, words: { least: 50, most: 2000 } },
      split: { share: 0.1 },
      sample: { ratio: 5 },
      augment: { enabled: false },
    });
    expect(pipelineSettingsSchema.parse(settings)).toEqual(settings);
    for (const wrong of [
      { minhashDedup: { threshold: 2 } },
      { near: { threshold: 2 } },
      { nonsense: {} },
      { quality: { weights: { beauty: 1 } } },
      { seed: -1 },
    ])
      expect(pipelineSettingsSchema.safeParse(wrong).success).toBe(false);
  });
});
