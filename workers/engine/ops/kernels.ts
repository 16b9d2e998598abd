/**
 * The contract of the fused ops: kernel names with their inputs, attributes and outputs. An op's `index.ts` runs the kernel
 * through tfjs's engine, so tfjs's tape sees it; `reference.ts` gives the kernel for any backend in plain tfjs ops;
 * `wasm.ts` and `webgpu.ts` replace it on theirs.
 *
 * Shapes: N = batch · context rows, D hidden size, I and O a layer's input and output size, F feed-forward size, V vocabulary,
 * H query heads, K key-value heads, h head size. All floats are float32, ids int32. Row n is position n mod context of
 * sequence ⌊n / context⌋.
 */
export const kernels = {
  /** table [V,D], ids [N] → [N,D] */
  Embedding: 'CrossfadeEmbedding',
  /** dy [N,D], ids [N]; attrs vocabulary → [V,D] */
  EmbeddingGrad: 'CrossfadeEmbeddingGrad',
  /** x [N,D], weight [D]; attrs epsilon → y [N,D]; or x [N,heads·h], weight [h]: each head by itself */
  RmsNorm: 'CrossfadeRmsNorm',
  /** Where the backend has it (else RmsNorm): x, weight; attrs epsilon → y as x, x itself */
  RmsNormWithResidual: 'CrossfadeRmsNormWithResidual',
  /** x, weight, dy as x, dresidual? as x (of RmsNormWithResidual: the gradient of its second output); attrs epsilon → dx as x, dweight as weight */
  RmsNormGrad: 'CrossfadeRmsNormGrad',
  /** x [N,D], weight [D], bias [D]; attrs epsilon → y [N,D] */
  LayerNorm: 'CrossfadeLayerNorm',
  /** x [N,D], weight [D], dy [N,D]; attrs epsilon → dx [N,D], dweight [D], dbias [D] */
  LayerNormGrad: 'CrossfadeLayerNormGrad',
  /** x [N,I], weight [O,I] (Hugging Face's layout), bias? [O], residual? [N,O] → x·weightᵀ + bias + residual [N,O] */
  Linear: 'CrossfadeLinear',
  /** dy [N,O], weight [O,I] → dy·weight [N,I] */
  LinearGradInput: 'CrossfadeLinearGradInput',
  /** dy [N,O], x [N,I] → dyᵀ·x [O,I] */
  LinearGradWeight: 'CrossfadeLinearGradWeight',
  /**
   * x [N,I], weight int32 (a quantised [O,I]: src/core/model/quantisation.ts), bias? [O], residual? [N,O]; attrs format, outputs O, inputs I → as
   * Linear
   */
  QuantisedLinear: 'CrossfadeQuantisedLinear',
  /** dy [N,O], weight int32; the same attrs → dy·weight [N,I] */
  QuantisedLinearGradInput: 'CrossfadeQuantisedLinearGradInput',
  /**
   * Where the backend has it (else Linear for each): array of x [N,I] and weights [O₀,I], [O₁,I], …; attrs trained → x·weightᵀ
   * [N,O₀], [N,O₁], …
   */
  LinearGroup: 'CrossfadeLinearGroup',
  /** dy0 [N,O₀], dy1, …, weight0 [O₀,I], weight1, … → Σ dy·weight [N,I] */
  LinearGroupGradInput: 'CrossfadeLinearGroupGradInput',
  /** x [N,I], dy0 [N,O₀], dy1, … → dyᵀ·x [O₀,I], [O₁,I], … */
  LinearGroupGradWeights: 'CrossfadeLinearGroupGradWeights',
  /** dy [N,O] → Σ over rows [O] */
  LinearGradBias: 'CrossfadeLinearGradBias',
  /**
   * x [N,heads·h], cos [context,r], sin [context,r] with an even r ≤ h (components r … h − 1 stay as they are); attrs context,
   * heads, inverse (rotate by −angle: the gradient) → as x
   */
  Rotary: 'CrossfadeRotary',
  /**
   * q [N,H·h], k [N,K·h], v [N,K·h], documents? int32 [N] (negative: virtual tokens); attrs batch, context, heads, kvHeads, scale,
   * window? (0 or absent: all), cap? (scores become cap·tanh(score/cap)) → out [N,H·h], lse [N,H]
   */
  Attention: 'CrossfadeAttention',
  /** q, k, v, out, lse, dout, documents?; the same attrs → dq, dk, dv */
  AttentionGrad: 'CrossfadeAttentionGrad',
  /** gate [N,F], up [N,F] → silu(gate)·up [N,F] */
  Swiglu: 'CrossfadeSwiglu',
  /** gate, up, dy [N,F] → dgate, dup */
  SwigluGrad: 'CrossfadeSwigluGrad',
  /** gate [N,F], up [N,F]; attrs form ('tanh' or 'exact') → gelu(gate)·up [N,F] */
  Geglu: 'CrossfadeGeglu',
  /** gate, up, dy [N,F]; attrs form → dgate, dup */
  GegluGrad: 'CrossfadeGegluGrad',
  /** x of any shape; attrs form ('tanh' or 'exact') → as x */
  Gelu: 'CrossfadeGelu',
  /** x, dy; attrs form → dx */
  GeluGrad: 'CrossfadeGeluGrad',
  /** hidden [N,D], weight [V,D], targets int32 [N] (−1: not predicted, nll 0); attrs cap? (of logits) → nll [N], lse [N] */
  CrossEntropy: 'CrossfadeCrossEntropy',
  /** hidden, weight, targets, lse [N], dnll [N]; attrs frozen?, cap? → dhidden [N,D] and, unless the weight is frozen, dweight [V,D] */
  CrossEntropyGrad: 'CrossfadeCrossEntropyGrad',
  /**
   * Forward and backward at once, where the backend has it: hidden, weight, targets, dnll [N] (known beforehand); attrs frozen?, cap? → nll,
   * lse, dhidden and, unless the weight is frozen, dweight. Logits are computed once instead of twice.
   */
  CrossEntropyTrain: 'CrossfadeCrossEntropyTrain',
  /** nll [N], channels int32 [N] (−1: counted nowhere); attrs count → [2,count]: sums of nll, then numbers of tokens */
  ChannelSums: 'CrossfadeChannelSums',
  /** x [N,D]; attrs rate, seed, offset (counter of the first element) → x·mask/(1−rate); its gradient is the same kernel on dy */
  Dropout: 'CrossfadeDropout',
  /** every gradient (inputs '0', '1', …) → scalar √Σg² */
  GlobalNorm: 'CrossfadeGlobalNorm',
} as const;

export type KernelName = (typeof kernels)[keyof typeof kernels];
