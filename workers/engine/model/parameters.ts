/** The parameters of a model by Hugging Face's names, so that a safetensors file maps one to one. */
import type { ModelConfig } from './config';

export const embeddingName = 'model.embed_tokens.weight';
export const headName = 'lm_head.weight';
export const finalNormName = 'model.norm.weight';

/** Names of one layer's parameters. */
export function layerNames(layer: number) {
  const prefix = `model.layers.${layer}`;
  return {
    attentionNorm: `${prefix}.input_layernorm.weight`,
    query: `${prefix}.self_attn.q_proj.weight`,
    key: `${prefix}.self_attn.k_proj.weight`,
    value: `${prefix}.self_attn.v_proj.weight`,
    output: `${prefix}.self_attn.o_proj.weight`,
    feedForwardNorm: `${prefix}.post_attention_layernorm.weight`,
    gate: `${prefix}.mlp.gate_proj.weight`,
    up: `${prefix}.mlp.up_proj.weight`,
    down: `${prefix}.mlp.down_proj.weight`,
  };
}

/** Shape of every parameter, in the model's order. */
export function parameterShapes(config: ModelConfig): Map<string, number[]> {
  const { hidden, feedForward, vocabulary, heads, kvHeads, headSize } = config;
  const shapes = new Map<string, number[]>([[embeddingName, [vocabulary, hidden]]]);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const names = layerNames(layer);
    shapes
      .set(names.attentionNorm, [hidden])
      .set(names.query, [heads * headSize, hidden])
      .set(names.key, [kvHeads * headSize, hidden])
      .set(names.value, [kvHeads * headSize, hidden])
      .set(names.output, [hidden, heads * headSize])
      .set(names.feedForwardNorm, [hidden])
      .set(names.gate, [feedForward, hidden])
      .set(names.up, [feedForward, hidden])
      .set(names.down, [hidden, feedForward]);
  }
  shapes.set(finalNormName, [hidden]);
  if (!config.tied) shapes.set(headName, [vocabulary, hidden]);
  return shapes;
}

/** Number of weights; a tied head counts once. */
export function parameterCount(config: ModelConfig): number {
  let total = 0;
  for (const shape of parameterShapes(config).values()) total += shape.reduce((product, side) => product * side, 1);
  return total;
}

/** Weight decay spares norms, biases and embeddings: everything with one axis, and the (tied) embedding table. */
export function decays(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && name !== embeddingName;
}
