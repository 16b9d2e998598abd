/**
 * Dynamic loss scaling (Micikevicius et al., arXiv 1710.03740) by the rules of PyTorch's GradScaler. The loss is multiplied by the scale so that
 * small gradients stay above the least half, 6·10⁻⁸; a step whose gradients overflow is skipped. The trainer applies the same rules on the device.
 */

export interface LossScale {
  /** A power of two, so that scaling itself rounds nothing. */
  scale: number;
  /** Steps since the last change of the scale. */
  goodSteps: number;
  /** Steps skipped so far. */
  skipped: number;
  /** Updates done: those steps that were not skipped. */
  updates: number;
}

export const lossScaleRules = {
  /**
   * 2¹⁶, as GradScaler: a token's share of a mean loss over 2¹⁰ to 2¹³ tokens becomes 8 to 64, well inside ±65,504, and a first scale
   * that is too high costs a few skipped steps, while one too low would cost 2,000 steps a doubling.
   */
  initial: 2 ** 16,
  growth: 2,
  backoff: 0.5,
  /** Good steps in a row before it grows. */
  interval: 2000,
} as const;

export function initialLossScale(updates = 0): LossScale {
  return { scale: lossScaleRules.initial, goodSteps: 0, skipped: 0, updates };
}

/** The scale after a step. @param finite whether the norm of its gradients was finite; otherwise the step changed no weight */
export function afterStep(
  { scale, goodSteps, skipped, updates }: LossScale,
  finite: boolean,
  interval: number = lossScaleRules.interval,
): LossScale {
  if (!finite) return { scale: scale * lossScaleRules.backoff, goodSteps: 0, skipped: skipped + 1, updates };
  const grows = goodSteps + 1 >= interval;
  // In float32, which is what holds it.
  const grown = Math.fround(scale * lossScaleRules.growth);
  return {
    scale: grows && Number.isFinite(grown) ? grown : scale,
    goodSteps: grows ? 0 : goodSteps + 1,
    skipped,
    updates: updates + 1,
  };
}
