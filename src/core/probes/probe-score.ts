/** What one model answered to one probe: log-likelihoods, and where it was asked to write, the text against the reference. */
import { bleu, isUnspaced, rougeL } from '../metrics/text-overlap';

/** Text a model generated for a reference question. */
export interface WrittenAnswer {
  text: string;
  /** F measure of ROUGE-L, 0 to 1. */
  rougeL: number;
  /** BLEU of the one sentence with effective order, 0 to 100. */
  bleu: number;
}

const chinese = /\p{sc=Han}/u;
const japanese = /[\p{sc=Hira}\p{sc=Kana}]/u;

/** BLEU counts single characters beside words in Chinese, characters alone in Japanese and other scripts that part no words, words elsewhere. */
export function judgeAnswer(reference: string, text: string): WrittenAnswer {
  const both = reference + text;
  const tokenizer = chinese.test(both) && !japanese.test(both) ? 'zh' : isUnspaced(both) ? 'char' : '13a';
  return { text, rougeL: rougeL(reference, text).f, bleu: bleu([{ text, reference }], { tokenizer, effectiveOrder: true }) };
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
