/** What a model writes to a question, held against the reference answer. */
import { bleu } from '../metrics/bleu';
import { rougeL } from '../metrics/rouge';

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
