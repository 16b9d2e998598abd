/**
 * A decoder-only transformer, as its config describes it: token embedding, blocks of causal attention and a feed-forward network on a
 * residual stream, final norm. Parameters are variables with Hugging Face's names. To read the forward pass, start at
 * `run` and go on with `block`; loss and gradients are in loss.ts, the update in optimizer/. What each family computes is in
 * docs/METHOD.md.
 *
 * Shapes: N = batch · context rows (one per token), D hidden size, F feed-forward size, V vocabulary, H query heads, K key-value
 * heads, h head size.
 */
import { gather, tensor, tensor1d, tidy, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { geglu, gelu, softCapped, swiglu } from '../ops/activation';
import { add, scaled, shifted } from '../ops/add';
import { attention } from '../ops/attention';
import type { AttentionShape } from '../ops/attention';
import { dropout } from '../ops/dropout';
import { embedding } from '../ops/embedding';
import { linear, linearGroup } from '../ops/linear';
import { headRmsNorm, layerNorm, rmsNorm, rmsNormWithResidual } from '../ops/norm';
import { rotary } from '../ops/rotary';
import type { HostTensor } from '../checkpoint/safetensors';
import type { ModelConfig } from '../../../src/core/model/config';
import { isGated } from '../../../src/core/model/config/model-config';
import { savedModules } from '../../../src/core/model/adapter';
import { namesOf } from '../../../src/core/model/names';
import { layerOf } from '../../../src/core/model/trained';
import type { LayerNames } from '../../../src/core/model/names';
import type { LowRankAdapter } from './adapter';
import { recomputed } from './recompute';
import { rotaryOfLayers, type RotaryTables } from './rotary-tables';

export interface Documents {
  /** int32 [batch·context]: number of each token's document. Attention stays inside it. */
  of: Tensor1D;
  /** int32 [batch·context]: position of each token in its document. */
  positions: Tensor1D;
  /** Tokens of the longest. */
  longest: number;
}

export interface HiddenStateOptions {
  /** Sequences in the batch. */
  batch: number;
  /** Tokens of each sequence. */
  context: number;
  /** Documents of a row apart from each other; absent: a row is one document. */
  documents?: Documents;
  /** Tokens of the text that the rows are of, where those are not all; some rotary embeddings depend on it. */
  text?: number;
  /** Dropout on the embeddings and on the two outputs that each block adds to the residual stream. */
  dropout?: { rate: number; seed: number };
  /** Activation checkpointing: a layer's activations are computed again in the backward pass instead of being kept. */
  recompute?: boolean;
  /** So many of the lowest layers take no gradient: the backward pass ends above them, and nothing of them is kept. */
  frozenLayers?: number;
}

/** A weight that is on the device already; the model takes ownership of it. */
export interface DeviceTensor {
  name: string;
  tensor: Tensor;
}

/** Attention of one layer: q [N,H·h], k and v [N,K·h], after the rotary embedding → [N,H·h]. */
export type Attend = (layer: number, q: Tensor2D, k: Tensor2D, v: Tensor2D) => Tensor2D;

/** Dropout of x [N,D]; undefined without dropout. Each place of the network where it is applied has a number, which selects its mask. */
type Drop = ((x: Tensor2D, place: number) => Tensor2D) | undefined;

let models = 0;

export class DecoderModel {
  readonly parameters: Map<string, Variable>;
  private lowRank: LowRankAdapter | null = null;
  /** cos and sin of each layer's rotary embedding, null for none; layers that are rotated alike share them. */
  private readonly rotary: readonly (RotaryTables | null)[];
  private readonly names: { embedding: string; positions: string; finalNorm: string; head: string; layers: LayerNames[] };

  /** Takes a copy of weights in memory and takes over those on the device; names and shapes are those of `parameterShapes(config)`. */
  constructor(
    private shape: ModelConfig,
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
    const { layer, ...names } = namesOf(shape.architecture);
    this.names = { ...names, layers: Array.from({ length: shape.layers }, (_, index) => layer(index)) };
    this.rotary = rotaryOfLayers(shape);
  }

  get config(): ModelConfig {
    return this.shape;
  }

  /** Gives a model whose head is its table of embeddings a head of its own, which begins with the same values. */
  untie(): void {
    if (!this.shape.tied) return;
    const table = this.headWeight();
    const { head } = this.names;
    const copy = table.clone();
    this.parameters.set(`${head}.weight`, variable(copy, true, table.name.replace(this.names.embedding, head)));
    copy.dispose();
    this.shape = { ...this.shape, tied: false };
  }

  /** The adapter that is trained beside the weights. */
  get adapter(): LowRankAdapter | null {
    return this.lowRank;
  }

  /** Freezes the model's weights but those that the adapter's method trains whole. The model takes ownership of the adapter. */
  attach(adapter: LowRankAdapter): void {
    this.freezeAllBut(new Set(savedModules(this.config, adapter.method)));
    for (const [name, parameter] of adapter.parameters) this.parameters.set(name, parameter);
    this.lowRank = adapter;
  }

  /** Layers, from the lowest, below which nothing takes a gradient. */
  get frozenLayers(): number {
    const { finalNorm, head } = this.names;
    let lowest = this.config.layers;
    for (const [name, { trainable }] of this.parameters)
      if (trainable && !name.startsWith(`${finalNorm}.`) && !name.startsWith(`${head}.`))
        lowest = Math.min(lowest, Math.max(0, layerOf(this.config, name)));
    return lowest;
  }

  /** Only parameters of these names take a gradient. */
  freezeAllBut(trained: { has(name: string): boolean }): void {
    for (const [name, parameter] of this.parameters) parameter.trainable = trained.has(name);
  }

  /** ids int32 [batch·context] → hidden states after the final norm [batch·context, D] */
  hiddenStates(
    ids: Tensor1D,
    { batch, context, documents, text, dropout: dropping, recompute = false, frozenLayers = 0 }: HiddenStateOptions,
  ): Tensor2D {
    const seed = this.lowRank && dropping ? dropping.seed : undefined;
    const drop: Drop = dropping?.rate ? (x, place) => dropout(x, { ...dropping, offset: place * x.size }) : undefined;
    const attend: Attend = (layer, q, k, v) => attention(q, k, v, this.attentionShape(layer, batch, context), documents?.of);
    return this.run(ids, 0, context, attend, { drop, seed, recompute, frozenLayers, text, ...(documents ? { documents } : {}) });
  }

  /** What the attention kernel needs to know for a layer. */
  attentionShape(layer: number, batch: number, context: number): AttentionShape {
    const { heads, kvHeads, windows, attentionScales, softCaps } = this.config;
    const window = windows[layer];
    const cap = softCaps.scores;
    return { batch, context, heads, kvHeads, scale: attentionScales[layer]!, ...(window ? { window } : {}), ...(cap ? { cap } : {}) };
  }

  /** hidden [N,D] after the final norm → logits [N,V], without a gradient; training has them in the loss (ops/cross-entropy). */
  logits(hidden: Tensor2D): Tensor2D {
    const logits = linear(hidden, this.headWeight());
    const cap = this.config.softCaps.logits;
    return cap ? softCapped(logits, cap) : logits;
  }

  /** Changes with the number of tokens in a text where the frequencies of its rotary embedding do. */
  stretchOf(tokens: number): string {
    return this.rotary.map((tables) => tables?.stretchOf(tokens) ?? 0).join(' ');
  }

  /** Head weight [V,D]; the embedding table itself when tied. */
  headWeight(): Variable & Tensor2D {
    return this.parameter(`${this.config.tied ? this.names.embedding : this.names.head}.weight`) as Variable & Tensor2D;
  }

  /**
   * The forward pass with attention left to the caller (training attends within the batch, generation to a key-value cache):
   * ids int32 [N] → hidden states after the final norm [N,D]. Row n is at position `first` + n mod `context`, or where `documents` says;
   * those are below `context`.
   */
  run(
    ids: Tensor1D,
    first: number,
    context: number,
    attend: Attend,
    { drop, seed, recompute = false, frozenLayers = 0, documents, text }: RunOptions = {},
  ): Tensor2D {
    return tidy(() => {
      const rows = ids.shape[0];
      const positions = documents?.positions;
      // With positions of their own the rows have a table each, as one long sequence has.
      const anglesOf = new Map(
        [...new Set(this.rotary)].map((tables) => {
          const angles = tables?.at(first, context, text ?? documents?.longest) ?? [];
          return [tables, positions ? angles.map((table) => gather(table, positions)) : angles];
        }),
      );
      const period = positions ? rows : context;
      let x = scaled(embedding(this.matrix(this.names.embedding), ids), this.config.scales.embedding);
      if (this.config.positions.kind === 'learned') {
        const of =
          positions ??
          tensor1d(
            Int32Array.from({ length: rows }, (_, row) => first + (row % context)),
            'int32',
          );
        x = add(x, embedding(this.matrix(this.names.positions), of));
      }
      if (drop) x = drop(x, 0);
      for (let layer = 0; layer < this.config.layers; layer += 1) {
        const block = (input: Tensor2D, turns: readonly Tensor[]) =>
          this.block(layer, input, { applyRotary: rotaryOf(turns as readonly Tensor2D[], period), attend, drop, seed });
        const angles = anglesOf.get(this.rotary[layer]!)!;
        const again = recompute || layer < frozenLayers;
        x = again ? recomputed(block, { x, weights: this.trainedIn(layer), constants: angles }) : block(x, angles);
      }
      return scaled(this.norm(x, this.names.finalNorm), this.config.scales.output);
    });
  }

  /**
   * One transformer block on the residual stream x [N,D]: x + attention(norm(x)), then that + feedForward(norm(that)). With `parallel`
   * both parts read x: x + attention(norm₁(x)) + feedForward(norm₂(x)), norm₂ being norm₁ where it is shared. Norms may stand after the
   * parts instead of before them, or at both places.
   */
  private block(layer: number, x: Tensor2D, { applyRotary, attend, drop, seed }: BlockInputs): Tensor2D {
    const { heads, kvHeads, biases, parallel, normedHeads, norm, normPlacement, scales } = this.config;
    const names = this.names.layers[layer]!;
    const normed = (input: Tensor2D, name: string): [Tensor2D, Tensor2D] =>
      normPlacement === 'after' ? [input, input] : this.normWithResidual(input, name);
    // residual + dropout(factor · norm(W·from + b)); in the plain case the linear kernel adds the residual itself.
    const addProjected = (residual: Tensor2D, from: Tensor2D, part: Projected) => {
      const bias = part.biased ? this.bias(part.name) : undefined;
      const weight = this.matrix(part.name);
      if (!drop && normPlacement === 'before' && scales.residual === 1)
        return this.adapted(linear(from, weight, { bias, residual }), from, part.name, seed);
      const output = this.adapted(linear(from, weight, { bias }), from, part.name, seed);
      const added = scaled(normPlacement === 'before' ? output : this.norm(output, part.postNorm), scales.residual);
      return add(residual, drop ? drop(added, part.place) : added);
    };

    const [attentionInput, residual] = normed(x, names.attentionNorm);
    const [query, key, value] = this.linearGroup(attentionInput, [names.query, names.key, names.value], biases.queryKeyValue, seed);
    const headNorm = (states: Tensor2D, name: string) => (normedHeads ? headRmsNorm(states, this.normWeight(name), norm.epsilon) : states);
    const q = applyRotary(headNorm(query!, names.queryNorm), heads);
    const k = applyRotary(headNorm(key!, names.keyNorm), kvHeads);
    const attended = addProjected(residual, attend(layer, q, k, value!), {
      name: names.output,
      biased: biases.output,
      postNorm: names.attentionPostNorm,
      place: 2 * layer + 1,
    });

    const [feedForwardInput, skip] = ((): [Tensor2D, Tensor2D] => {
      if (parallel === 'shared') return [attentionInput, attended];
      return parallel ? [this.norm(residual, names.feedForwardNorm), attended] : normed(attended, names.feedForwardNorm);
    })();
    return addProjected(skip, this.feedForwardStates(feedForwardInput, names, seed), {
      name: names.down,
      biased: biases.feedForward,
      postNorm: names.feedForwardPostNorm,
      place: 2 * layer + 2,
    });
  }

  /** x [N,D] → activations of the feed-forward network [N,F], before its down projection. */
  private feedForwardStates(x: Tensor2D, names: LayerNames, seed: number | undefined): Tensor2D {
    const { activation, biases } = this.config;
    const form = activation === 'gelu' || activation === 'geglu' ? 'exact' : 'tanh';
    if (isGated(this.config)) {
      const [gate, up] = this.linearGroup(x, [names.gate, names.up], biases.feedForward, seed);
      return activation === 'swiglu' ? swiglu(gate!, up!) : geglu(gate!, up!, form);
    }
    const [up] = this.linearGroup(x, [names.up], biases.feedForward, seed);
    return gelu(up!, form);
  }

  /** Several linear layers on the same input x [N,I] → [N,O₀], [N,O₁], …; without biases in one kernel, where the backend has it. */
  private linearGroup(x: Tensor2D, names: readonly string[], biased: boolean, seed: number | undefined): Tensor2D[] {
    const weights = names.map((name) => this.matrix(name));
    const outputs = biased ? weights.map((weight, at) => linear(x, weight, { bias: this.bias(names[at]!) })) : linearGroup(x, weights);
    return this.lowRank?.add(outputs, x, names, seed) ?? outputs;
  }

  /** The output of the map `name` on x, with the adapter's part where there is one. */
  private adapted(output: Tensor2D, x: Tensor2D, name: string, seed: number | undefined): Tensor2D {
    return this.lowRank?.add([output], x, [name], seed)[0] ?? output;
  }

  /** norm(x), and x for the residual connection past it. */
  private normWithResidual(x: Tensor2D, name: string): [normed: Tensor2D, x: Tensor2D] {
    const { kind, epsilon } = this.config.norm;
    return kind === 'rms' ? rmsNormWithResidual(x, this.normWeight(name), epsilon) : [this.norm(x, name), x];
  }

  private norm(x: Tensor2D, name: string): Tensor2D {
    const { kind, epsilon } = this.config.norm;
    return kind === 'rms' ? rmsNorm(x, this.normWeight(name), epsilon) : layerNorm(x, this.vector(name), this.bias(name), epsilon);
  }

  private normWeight(name: string): Tensor1D {
    const { offset } = this.config.norm;
    return offset === 0 ? this.vector(name) : shifted(this.vector(name), offset);
  }

  /** The layer's parameters that take a gradient. */
  private trainedIn(layer: number): Variable[] {
    const modules = Object.values(this.names.layers[layer]!).map((module) => `${module as string}.`);
    return [...this.parameters]
      .filter(([name, { trainable }]) => trainable && modules.some((module) => name.startsWith(module)))
      .map(([, parameter]) => parameter);
  }

  private parameter(name: string): Variable {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`The model has no parameter "${name}"`);
    return found;
  }

  private matrix(module: string): Tensor2D {
    return this.parameter(`${module}.weight`) as unknown as Tensor2D;
  }

  private vector(module: string): Tensor1D {
    return this.parameter(`${module}.weight`) as unknown as Tensor1D;
  }

  private bias(module: string): Tensor1D {
    return this.parameter(`${module}.bias`) as unknown as Tensor1D;
  }

  dispose(): void {
    for (const parameter of this.parameters.values()) parameter.dispose();
    for (const tables of new Set(this.rotary)) tables?.dispose();
  }
}

/** The rotary embedding of queries or keys [N,heads·h]; the identity without tables. */
function rotaryOf([cos, sin]: readonly Tensor2D[], context: number): BlockInputs['applyRotary'] {
  return cos && sin ? (x, heads) => rotary(x, cos, sin, { context, heads }) : (x) => x;
}

interface RunOptions {
  drop?: Drop;
  /** Of the masks of the adapter's dropout; undefined: no dropout. */
  seed?: number | undefined;
  recompute?: boolean;
  frozenLayers?: number;
  documents?: Pick<Documents, 'positions' | 'longest'>;
  text?: number | undefined;
}

/** A map whose output is added to the residual stream: its module, the norm behind it, and the number of its dropout. */
interface Projected {
  name: string;
  biased: boolean;
  postNorm: string;
  place: number;
}

interface BlockInputs {
  applyRotary: (x: Tensor2D, heads: number) => Tensor2D;
  attend: Attend;
  drop: Drop;
  seed: number | undefined;
}
