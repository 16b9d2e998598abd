/** The learning-rate fader's scale: leftmost is exactly 0, the rest is logarithmic from 1e-6 to 1e-1. */
export const LOWEST_LR = 1e-6;
export const HIGHEST_LR = 1e-1;
/** Left part of the track that means 0. */
const ZERO = 0.04;
const DECADES = Math.log10(HIGHEST_LR / LOWEST_LR);

/** @returns two significant digits, so that a value can be met again */
export function lrAt(position: number): number {
  if (position < ZERO / 2) return 0;
  const along = Math.min(1, Math.max(0, (position - ZERO) / (1 - ZERO)));
  return Number((LOWEST_LR * 10 ** (along * DECADES)).toPrecision(2));
}

export function lrPosition(lr: number): number {
  if (lr <= 0) return 0;
  const along = Math.log10(lr / LOWEST_LR) / DECADES;
  return Math.min(1, ZERO + (1 - ZERO) * Math.max(0, along));
}
