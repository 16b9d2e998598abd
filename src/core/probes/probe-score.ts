/** What one model answered to one probe: log-likelihoods, and where it was asked to write, the text against the reference. */
import { meteor } from '../metrics/meteor';
import { bleu, chrF, isUnspaced, rougeL } from '../metrics/text-overlap';

/** Text a model generated for a reference question. */
export interface WrittenAnswer {
  text: string;
  /** F measure of ROUGE-L, 0 to 1. */
  rougeL: number;
  /** BLEU of the one sentence with effective order, 0 to 100. */
  bleu: number;
  /** Absent in what was measured before there were any. */
  more?: AnswerScores;
}

interface AnswerScores {
  /** 0 to 1. */
  meteor: number;
  /** chrF2 of the one sentence, 0 to 100. */
  chrf: number;
  /** Equal once both are normalised: 0 or 1. */
  exact: number;
  /** F1 of the normalised words, 0 to 1. */
  f1: number;
  /** Does the text match the question's regular expression? Absent where it has none. */
  passed?: boolean;
}

const chinese = /\p{sc=Han}/u;
const japanese = /[\p{sc=Hira}\p{sc=Kana}]/u;

/**
 * BLEU counts single characters beside words in Chinese, characters alone in Japanese and other scripts that part no words, words elsewhere.
 * @param pattern regular expression that a right answer matches somewhere
 */
export function judgeAnswer(reference: string, text: string, pattern?: string): WrittenAnswer {
  const both = reference + text;
  const unspaced = isUnspaced(both);
  const tokenizer = chinese.test(both) && !japanese.test(both) ? 'zh' : unspaced ? 'char' : '13a';
  const [wanted, given] = [answerWords(reference, unspaced), answerWords(text, unspaced)];
  return {
    text,
    rougeL: rougeL(reference, text).f,
    bleu: bleu([{ text, reference }], { tokenizer, effectiveOrder: true }),
    more: {
      meteor: meteor(reference, text),
      chrf: chrF([{ text, reference }]),
      exact: Number(wanted.join(' ') === given.join(' ')),
      f1: wordF1(wanted, given),
      ...(pattern === undefined ? {} : { passed: new RegExp(pattern, 'u').test(text) }),
    },
  };
}

/**
 * Words of an answer as SQuAD's evaluation (Rajpurkar et al. 2016) normalises it: lower case, no punctuation, no articles. Where a script parts
 * no words each of its characters is one, other punctuation than ASCII's goes too, and articles stay: MLQA's evaluation (Lewis et al. 2020).
 */
function answerWords(text: string, unspaced: boolean): string[] {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, '');
  if (!unspaced) return wordsIn(plain.replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' '));
  return wordsIn([...plain.replace(/\p{P}/gu, '')].map((character) => (isUnspaced(character) ? ` ${character} ` : character)).join(''));
}

const wordsIn = (text: string): string[] => text.split(/\s+/u).filter((word) => word !== '');

function wordF1(wanted: readonly string[], given: readonly string[]): number {
  if (wanted.length === 0 || given.length === 0) return Number(wanted.length === given.length);
  const left = [...wanted];
  const common = given.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  }).length;
  return (2 * common) / (wanted.length + given.length);
}

/** Log-likelihoods are in nats. */
export type ProbeScore =
  | {
      kind: 'choice';
      /** Of each choice after the prompt. */
      likelihoods: number[];
      /** The same per character of the choice, blanks around it aside: what decides (lm-evaluation-harness's `acc_norm`). */
      perCharacter: number[];
      /** The same per UTF-8 byte (its `acc_bytes`): a Chinese character is three. */
      perByte: number[];
      right: boolean;
      rightByBytes: boolean;
    }
  | { kind: 'pair'; good: number; bad: number; right: boolean }
  | {
      kind: 'reference';
      /** Of the reference after the prompt, and the same per UTF-8 byte of it, blanks around it aside. */
      likelihood: number;
      perByte: number;
      /** Absent where the model was not asked to write. */
      written?: WrittenAnswer;
    }
  /** The model cannot read it in one piece. */
  | { kind: 'too-long'; tokens: number; limit: number };
