import { add, div, mul, sqrt, square, sub, tidy } from '@tensorflow/tfjs-core';
import type { AdamwUpdate } from '.';

/** In torch's order: decay first, then m and v, then θ ← θ − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε). */
export const adamwUpdateReference: AdamwUpdate = (parameter, gradient, first, second, clipScale, settings) => {
  const { lr, beta1, beta2, epsilon, weightDecay, step } = settings;
  tidy(() => {
    const clipped = mul(gradient, clipScale);
    first.assign(add(mul(first, beta1), mul(clipped, 1 - beta1)));
    second.assign(add(mul(second, beta2), mul(square(clipped), 1 - beta2)));
    // At a rate of 0 the weights must stay bit-identical, which θ − 0·x does not promise when x is not finite.
    if (lr === 0) return;
    const denominator = add(div(sqrt(second), Math.sqrt(1 - beta2 ** step)), epsilon);
    const decayed = weightDecay === 0 ? parameter : mul(parameter, 1 - lr * weightDecay);
    parameter.assign(sub(decayed, mul(div(first, denominator), lr / (1 - beta1 ** step))));
  });
};
