/** How a stream of tokens is cut into rows of `context` tokens, so that over all rows every token but the first is predicted once. */
import type { RunRules } from '../../src/core/run/types';

/** Where a row stands in its stream. */
export interface RowPlace {
  /** Its first token. */
  start: number;
  /** Predictions at its beginning that an earlier row makes: here they are context alone. */
  skip: number;
}

export interface Windows {
  readonly count: number;
  at(window: number): RowPlace;
}

/**
 * Consecutive rows. What is left behind the last whole one is predicted by a row that ends with the stream, whose beginning overlaps with the
 * row before; by the first rules no row predicts it. A stream without one whole row has none.
 */
export function windowsOf(tokens: number, context: number, rules: RunRules): Windows {
  const predictions = Math.max(0, tokens - 1);
  const whole = Math.floor(predictions / context);
  const count = rules === 1 || whole === 0 ? whole : Math.ceil(predictions / context);
  const last = predictions - context;
  return {
    count,
    at(window) {
      const start = Math.min(window * context, last);
      return { start, skip: window * context - start };
    },
  };
}
