/** Which heads look elsewhere than the base's. */
import type { AttentionView } from '../../contract/evaluation';
import { attentionShifts } from '../../core/metrics/attention-shift';

type Layers = AttentionView['models'][number];

/** [layer][head]: share of the attention that went elsewhere, 0 … 1. */
export function headShifts(base: Layers, tuned: Layers, tokens: number): number[][] {
  return base.map(({ heads, weights }, layer) => attentionShifts(weights, tuned[layer]!.weights, heads, tokens));
}

export function mostShifted(base: Layers, tuned: Layers, tokens: number): { layer: number; head: number } {
  let most = { layer: 0, head: 0, shift: -1 };
  headShifts(base, tuned, tokens).forEach((heads, layer) =>
    heads.forEach((shift, head) => {
      if (shift > most.shift) most = { layer, head, shift };
    }),
  );
  return { layer: most.layer, head: most.head };
}
