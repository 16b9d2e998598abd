/**
 * ROUGE-L of one text against a reference (Lin 2004): longest common subsequence of words. Words are runs of ASCII letters and
 * digits, as in Google's rouge-score, and besides each Chinese character, which rouge-score would drop.
 */
export interface RougeScore {
  precision: number;
  recall: number;
  /** Harmonic mean of the two. */
  f: number;
}

export function rougeL(reference: string, text: string): RougeScore {
  const wanted = rougeWords(reference);
  const given = rougeWords(text);
  if (wanted.length === 0 || given.length === 0) return { precision: 0, recall: 0, f: 0 };
  const common = commonSubsequence(wanted, given);
  const precision = common / given.length;
  const recall = common / wanted.length;
  return { precision, recall, f: common === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

export function rougeWords(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+|\p{Script=Han}/gu) ?? [];
}

/** Length of the longest common subsequence, in one row of the table. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  const row = new Int32Array(b.length + 1);
  for (const word of a) {
    let diagonal = 0;
    for (let at = 1; at <= b.length; at++) {
      const above = row[at]!;
      row[at] = word === b[at - 1] ? diagonal + 1 : Math.max(above, row[at - 1]!);
      diagonal = above;
    }
  }
  return row[b.length]!;
}
