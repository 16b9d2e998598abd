/** Term loss (METHOD 2): Σ nll / Σ tokens over tokens inside domain terms, per term and over all; the first model is the base. */
export interface TermSums {
  term: string;
  /** Places where the term stands. */
  count: number;
  /** nats, by model. */
  nll: number[];
  /** Tokens, by model. */
  tokens: number[];
  /** UTF-8 bytes of all places. */
  bytes: number;
}

export interface TermLoss {
  term: string;
  count: number;
  /** nats per token, by model. */
  loss: number[];
  /** Bits per byte of the term's own text, by model: comparable between tokenizers. */
  bitsPerByte: number[];
}

export function termLoss({ term, count, nll, tokens, bytes }: TermSums): TermLoss {
  return {
    term,
    count,
    loss: nll.map((sum, model) => sum / tokens[model]!),
    bitsPerByte: nll.map((sum) => sum / (bytes * Math.LN2)),
  };
}

export function overallTermLoss(sums: readonly TermSums[]): TermLoss | null {
  const [first] = sums;
  if (!first) return null;
  const total = (pick: (sums: TermSums) => number) => sums.reduce((sum, part) => sum + pick(part), 0);
  return termLoss({
    term: '',
    count: total(({ count }) => count),
    nll: first.nll.map((_, model) => total(({ nll }) => nll[model]!)),
    tokens: first.tokens.map((_, model) => total(({ tokens }) => tokens[model]!)),
    bytes: total(({ bytes }) => bytes),
  });
}
