/** What one model answered to one probe: log-likelihoods, and where it was asked to write, the text against the reference. */
import { bleu, rougeL } from '../metrics/text-overlap';

/** Text a model generated for a reference question. */
export interface WrittenAnswer {
  text: string;
  /** F measure of ROUGE-L, 0 to 1. */
  rougeL: number;
  /** BLEU of the one sentence with effective order, 0 to 100. */
  bleu: number;
}

const han = /\p{Script=Han}/u;

/** BLEU counts single characters where either text is Chinese, words elsewhere. */
export function judgeAnswer(reference: string, text: string): WrittenAnswer {
  const tokenizer = han.test(reference + text) ? 'zh' : '13a';
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
