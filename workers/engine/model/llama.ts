/**
 * A Llama decoder (Touvron et al., arXiv 2302.13971): pre-norm blocks of rotary grouped-query attention and SwiGLU, without
 * biases. Plain functions over variables that bear Hugging Face's names.
 */
import { keep, slice, tensor, tensor2d, tidy, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { add } from '../ops/add';
import { attention } from '../ops/attention';
import { dropout } from '../ops/dropout';
import { embedding } from '../ops/embedding';
import { linear } from '../ops/linear';
import { rmsNorm } from '../ops/norm';
import { projections } from '../ops/projections';
import { rotary } from '../ops/rotary';
import { swiglu } from '../ops/activation';
import type { HostTensor } from '../checkpoint/safetensors';
import type { ModelConfig } from './config';
import { embeddingName, finalNormName, headName, layerNames } from './parameters';
import { rotaryAngles } from './rotary-tables';

export interface HiddenStateOptions {
  /** Sequences in the batch. */
  batch: number;
  /** Tokens of each sequence. */
  context: number;
  /** int32 [batch·context]: attention stays inside a document. */
  documents?: Tensor1D;
  /** On the embeddings and on what each block adds to the residual stream. */
  dropout?: { rate: number; seed: number };
}

/** A weight that lies on the device already; the model takes it over. */
export interface DeviceTensor {
  name: string;
  tensor: Tensor;
}

/** Attention of one layer: q [N,H·h], k and v [N,K·h], already turned by their positions → [N,H·h]. */
export type Attend = (layer: number, q: Tensor2D, k: Tensor2D, v: Tensor2D) => Tensor2D;

/** Drops elements of x; called once per use, in a fixed order. */
type Drop = ((x: Tensor2D) => Tensor2D) | undefined;

let models = 0;

export class LlamaModel {
  readonly parameters: Map<string, Variable>;
  private readonly cos: Tensor2D;
  private readonly sin: Tensor2D;

  /** Takes a copy of weights in memory and takes over those on the device; names and shapes are those of `parameterShapes(config)`. */
  constructor(
    readonly config: ModelConfig,
    weights: Iterable<HostTensor | DeviceTensor>,
  ) {
    // tfjs wants every variable's name once, and two models may be open at the same time.
    const prefix = `model-${(models += 1)}/`;
    this.parameters = new Map(
      [...weights].map((weight) => {
        const { name } = weight;
        const initial = 'tensor' in weight ? weight.tensor : tensor(weight.data, weight.shape);
        const parameter = variable(initial, true, prefix + name);
        initial.dispose();
        return [name, parameter];
      }),
    );
    const { cos, sin } = rotaryAngles(config.context, config.headSize, config.ropeTheta);
    this.cos = keep(tensor2d(cos, [config.context, config.headSize]));
    this.sin = keep(tensor2d(sin, [config.context, config.headSize]));
  }

  /** ids int32 [batch·context] → hidden states after the final norm [batch·context, D] */
  hiddenStates(ids: Tensor1D, { batch, context, documents, dropout: dropping }: HiddenStateOptions): Tensor2D {
    const { heads, kvHeads, headSize } = this.config;
    const shape = { batch, context, heads, kvHeads, scale: headSize ** -0.5 };
    let counter = 0;
    const drop: Drop = dropping?.rate
      ? (x) => {
          const dropped = dropout(x, { ...dropping, offset: counter });
          counter += x.size;
          return dropped;
        }
      : undefined;
    return this.run(ids, 0, context, (_, q, k, v) => attention(q, k, v, shape, documents), drop);
  }

  /** Head weight [V,D]; the embedding table itself when tied. */
  headWeight(): Variable & Tensor2D {
    return this.parameter(this.config.tied ? embeddingName : headName) as Variable & Tensor2D;
  }

  /** The whole stack with attention left to the caller. Row n stands at position `first` + n mod `context`. */
  run(ids: Tensor1D, first: number, context: number, attend: Attend, drop?: Drop): Tensor2D {
    return tidy(() => {
      const { headSize, normEpsilon } = this.config;
      const cos = slice(this.cos, [first, 0], [context, headSize]);
      const sin = slice(this.sin, [first, 0], [context, headSize]);
      let x = embedding(this.matrix(embeddingName), ids);
      if (drop) x = drop(x);
      for (let layer = 0; layer < this.config.layers; layer += 1) x = this.block(layer, x, { context, cos, sin, attend, drop });
      return rmsNorm(x, this.vector(finalNormName), normEpsilon);
    });
  }

  private block(layer: number, x: Tensor2D, { context, cos, sin, attend, drop }: BlockInputs): Tensor2D {
    const { heads, kvHeads, normEpsilon } = this.config;
    const names = layerNames(layer);
    const project = (from: Tensor2D, name: string) => linear(from, this.matrix(name));
    // Without dropout the residual is added by the projection itself.
    const projectOnto = (residual: Tensor2D, from: Tensor2D, name: string) =>
      drop ? add(residual, drop(project(from, name))) : linear(from, this.matrix(name), { residual });

    const normed = rmsNorm(x, this.vector(names.attentionNorm), normEpsilon);
    const [query, key, value] = projections(
      normed,
      [names.query, names.key, names.value].map((name) => this.matrix(name)),
    );
    const q = rotary(query!, cos, sin, { context, heads });
    const k = rotary(key!, cos, sin, { context, heads: kvHeads });
    const mixed = attend(layer, q, k, value!);
    const attended = projectOnto(x, mixed, names.output);

    const fed = rmsNorm(attended, this.vector(names.feedForwardNorm), normEpsilon);
    const [gate, up] = projections(fed, [this.matrix(names.gate), this.matrix(names.up)]);
    const gated = swiglu(gate!, up!);
    return projectOnto(attended, gated, names.down);
  }

  private parameter(name: string): Variable {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`The model has no parameter "${name}"`);
    return found;
  }

  private matrix(name: string): Tensor2D {
    return this.parameter(name) as unknown as Tensor2D;
  }

  private vector(name: string): Tensor1D {
    return this.parameter(name) as unknown as Tensor1D;
  }

  dispose(): void {
    for (const parameter of this.parameters.values()) parameter.dispose();
    this.cos.dispose();
    this.sin.dispose();
  }
}

interface BlockInputs {
  context: number;
  cos: Tensor2D;
  sin: Tensor2D;
  attend: Attend;
  drop: Drop;
}
