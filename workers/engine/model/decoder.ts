/**
 * A transformer, as its config describes it: token embedding, blocks of attention and a feed-forward network on a residual stream, final
 * norm. Attention is causal; of an encoder, and where it is asked for, it goes both ways. Parameters are variables with Hugging Face's names. To read the forward pass, start at
 * `run` and go on with `block`; loss and gradients are in loss.ts, the update in optimizer/. What each family computes is in
 * docs/METHOD.md.
 *
 * Shapes: N = batch · context rows (one per token), D hidden size, F feed-forward size, V vocabulary, H query heads, K key-value
 * heads, h head size.
 */
import { add as addTensors, fill, gather, scalar, tensor, tensor1d, tidy, variable } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { geglu, gelu, softCapped, swiglu } from '../ops/activation';
import { add, scaled, shifted, widened } from '../ops/add';
import { attention } from '../ops/attention';
import type { AttentionShape } from '../ops/attention';
import { dropout } from '../ops/dropout';
import { embedding } from '../ops/embedding';
import { linear, linearGroup, type LinearExtras } from '../ops/linear';
import { quantisedLinear, type QuantisedWeight } from '../ops/linear/quantised';
import { headRmsNorm, layerNorm, rmsNorm, rmsNormWithResidual } from '../ops/norm';
import { rotary } from '../ops/rotary';
import type { HostTensor } from '../checkpoint/safetensors';
import type { ModelConfig } from '../../../src/core/model/config';
import { isGated } from '../../../src/core/model/config/model-config';
import { savedModules } from '../../../src/core/model/adapter';
import { isHead } from '../../../src/core/recipe/objective';
import { Rng, deriveSeed } from '../../../src/core/rng/rng';
import { namesOf } from '../../../src/core/model/names';
import { layerOf } from '../../../src/core/model/trained';
import type { LayerNames } from '../../../src/core/model/names';
import { LowRankAdapter } from './adapter';
import { SoftPrompt, type SoftStart } from './soft-prompt';
import type { Marks } from './masked';
import { recomputed } from './recompute';
import { rotaryOfLayers, type RotaryTables } from './rotary-tables';

export interface Documents {
  /** int32 [batch·context]: number of each token's document. Attention stays inside it. */
  of: Tensor1D;
  /** int32 [batch·context]: position of each token in its document. */
  positions: Tensor1D;
  /** Tokens of the longest. */
  longest: number;
  /**
   * The rows behind n virtual tokens, [batch·(n+context)]: these are of documents −n … −1, which every document sees, at positions 0 … n − 1;
   * each document's own begin at n.
   */
  behind?: Pick<Documents, 'of' | 'positions'>;
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
  /** Tokens see those behind them too; always so in an encoder. Not with virtual tokens. */
  bidirectional?: boolean;
  /** Of an encoder the states after its last layer, without the map and the norm of its head. */
  body?: boolean;
  /** Dropout on the embeddings and on the two outputs that each block adds to the residual stream. */
  dropout?: { rate: number; seed: number };
  /** Activation checkpointing: a layer's activations are computed again in the backward pass instead of being kept. */
  recompute?: boolean;
  /** So many of the lowest layers take no gradient: the backward pass ends above them, and nothing of them is kept. */
  frozenLayers?: number;
  /** Called with each layer's queries of the rows, and their keys and values behind those of virtual tokens. */
  seen?: (layer: number, q: Tensor2D, k: Tensor2D, v: Tensor2D) => void;
  /** Sees, and may pass on otherwise, what lies within. */
  taps?: Taps | undefined;
}

/** What lies within a forward pass: the tokens' embeddings [N,D], before positions of their own; each layer's output [N,D]; its queries [N,H·h] and keys [N,K·h] after the rotary embedding. */
export interface Taps {
  embedded?: (x: Tensor2D) => Tensor2D;
  state?: (layer: number, x: Tensor2D) => Tensor2D;
  attention?: (layer: number, q: Tensor2D, k: Tensor2D) => [q: Tensor2D, k: Tensor2D];
}

/** A weight that is on the device already; the model takes ownership of it. */
export interface DeviceTensor {
  name: string;
  tensor: Tensor;
}

/** A weight of another model, which goes on owning it. */
interface SharedTensor {
  name: string;
  shared: Variable;
}

/** Attention of one layer: q [N,H·h], k and v [N,K·h], after the rotary embedding → [N,H·h]. */
export type Attend = (layer: number, q: Tensor2D, k: Tensor2D, v: Tensor2D) => Tensor2D;

/** Dropout of x [N,D]; undefined without dropout. Each place of the network where it is applied has a number, which selects its mask. */
type Drop = ((x: Tensor2D, place: number) => Tensor2D) | undefined;

let models = 0;

export class DecoderModel {
  readonly parameters: Map<string, Variable>;
  /** Parameters that are another model's to dispose. */
  private readonly shared = new Set<Variable>();
  private lowRank: LowRankAdapter | null = null;
  private attachedPrompt: SoftPrompt | null = null;
  /** Of the tokenizer that belongs to it; null: unknown. */
  marks: Marks | null = null;
  /** False: the model is its base, whatever prompt is attached. */
  usesPrompt = true;
  /** Maps in few bits are another model's to dispose. */
  private sharesQuantised = false;
  /** cos and sin of each layer's rotary embedding, null for none; layers that are rotated alike share them. */
  private readonly rotary: readonly (RotaryTables | null)[];
  private readonly names: Omit<ReturnType<typeof namesOf>, 'layer' | 'layers'> & { layers: LayerNames[] };

  /**
   * Takes a copy of weights in memory and takes over those on the device; names and shapes are those of `parameterShapes(config)`.
   * @param quantised maps of the blocks that are frozen in few bits, by their parameters' names: they are among no `parameters`
   */
  constructor(
    private shape: ModelConfig,
    weights: Iterable<HostTensor | DeviceTensor | SharedTensor>,
    private readonly quantised: ReadonlyMap<string, QuantisedWeight> = new Map(),
  ) {
    // tfjs wants every variable's name once, and two models may be open at the same time.
    const prefix = `model-${(models += 1)}/`;
    this.parameters = new Map(
      [...weights].map((weight) => {
        const { name } = weight;
        if ('shared' in weight) {
          this.shared.add(weight.shared);
          return [name, weight.shared];
        }
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

  /** What `compute` reads of the model is without its adapter: the base that it stands beside. */
  withoutAdapter<T>(compute: () => T): T {
    const { lowRank } = this;
    this.lowRank = null;
    try {
      return compute();
    } finally {
      this.lowRank = lowRank;
    }
  }

  /** What is learnt beside the frozen weights as if it were text. */
  get softPrompt(): SoftPrompt | null {
    return this.attachedPrompt;
  }

  private get prompt(): SoftPrompt | null {
    return this.usesPrompt ? this.attachedPrompt : null;
  }

  /** Freezes all of the model's weights. The model takes ownership of the prompt. @param start of a new one; absent: its values stay */
  attachPrompt(prompt: SoftPrompt, start?: Pick<SoftStart, 'seed' | 'text'>): void {
    if (start) prompt.begin({ ...start, table: this.matrix(this.names.embedding), scale: this.config.scales.embedding });
    this.freezeAllBut(new Set());
    for (const [name, parameter] of prompt.parameters) this.parameters.set(name, parameter);
    this.attachedPrompt = prompt;
  }

  /** Virtual tokens before every text, which take the first positions. */
  get leading(): number {
    return this.prompt?.leading ?? 0;
  }

  /** Longest text in tokens, with the prompt; an encoder's stands between two marks. */
  get context(): number {
    return this.shape.context - (this.attachedPrompt?.leading ?? 0) - (this.shape.encoder ? 2 : 0);
  }

  /** Layers, from the lowest, below which nothing takes a gradient. */
  get frozenLayers(): number {
    const { above } = this.names;
    let lowest = this.config.layers;
    for (const [name, { trainable }] of this.parameters)
      if (trainable && !isHead(name) && !above.includes(name.slice(0, name.lastIndexOf('.'))))
        lowest = Math.min(lowest, Math.max(0, layerOf(this.config, name)));
    return lowest;
  }

  /** Only parameters of these names take a gradient, and heads. */
  freezeAllBut(trained: { has(name: string): boolean }): void {
    for (const [name, parameter] of this.parameters) parameter.trainable = trained.has(name) || isHead(name);
  }

  /**
   * A head beside the model's own: a map [outputs, D] of the hidden states. One of as many outputs that is there already stays.
   * @param start its values, or the seed of a draw from N(0, 0.02²), as transformers begins one
   */
  addHead(name: string, outputs: number, start: Float32Array | { seed: number }): void {
    const { hidden } = this.shape;
    const before = this.parameters.get(name);
    if (before?.shape[0] === outputs && !(start instanceof Float32Array)) return;
    if (before && !this.shared.has(before)) before.dispose();
    const random = start instanceof Float32Array ? null : new Rng(deriveSeed(start.seed, 'head', name));
    const values = random ? Float32Array.from({ length: outputs * hidden }, () => 0.02 * random.normal()) : (start as Float32Array);
    const initial = tensor(values, [outputs, hidden]);
    this.parameters.set(name, variable(initial, true, `model-${(models += 1)}/${name}`));
    initial.dispose();
  }

  /**
   * A model of the same weights with an adapter of its own beside them, to be read: weights that the adapter has whole are copies, all others are
   * this model's, which must outlive it.
   */
  beside(adapter: LowRankAdapter): DecoderModel {
    const whole = savedModules(this.config, adapter.method);
    const weights = [...this.parameters].map(([name, shared]) =>
      whole.includes(name) ? { name, tensor: shared.clone() } : { name, shared },
    );
    const model = new DecoderModel(this.config, weights);
    model.marks = this.marks;
    model.attach(adapter);
    return model;
  }

  /**
   * A model of the same values, to be read: what takes a gradient is a copy, all else is this model's, which must outlive it.
   */
  twin(): DecoderModel {
    const { lowRank, attachedPrompt } = this;
    const beside = (lowRank ?? attachedPrompt)?.parameters;
    const weights = [...this.parameters]
      .filter(([name]) => !beside?.has(name))
      .map(([name, shared]) => (shared.trainable ? { name, tensor: shared.clone() } : { name, shared }));
    const model = new DecoderModel(this.shape, weights, this.quantised);
    model.marks = this.marks;
    model.sharesQuantised = true;
    if (lowRank) model.attach(new LowRankAdapter(lowRank.config, lowRank.method, 0));
    if (attachedPrompt) model.attachPrompt(new SoftPrompt(attachedPrompt.config, attachedPrompt.method));
    for (const [name, parameter] of beside ?? []) model.parameters.get(name)!.assign(parameter);
    return model;
  }

  /** The model's own weights by name, with what an adapter adds to them. The caller disposes the tensors. */
  mergedWeight(name: string): Tensor {
    const change = this.lowRank?.change(name.replace(/\.weight$/, ''));
    const parameter = this.parameter(name);
    return change ? tidy(() => addTensors(parameter, change)) : parameter.clone();
  }

  /** ids int32 [batch·context] → hidden states after the final norm [batch·context, D], which the head reads */
  hiddenStates(ids: Tensor1D, options: HiddenStateOptions): Tensor2D {
    const {
      batch,
      context,
      documents,
      text,
      bidirectional,
      body,
      dropout: dropping,
      recompute = false,
      frozenLayers = 0,
      seen,
      taps = {},
    } = options;
    const { prompt, leading } = this;
    const seed = this.lowRank && dropping ? dropping.seed : undefined;
    const drop: Drop = dropping?.rate ? (x, place) => dropout(x, { ...dropping, offset: place * x.size }) : undefined;
    const of = leading > 0 ? documents?.behind!.of : documents?.of;
    const attend: Attend = (layer, query, key, v) => {
      const [q, k] = taps.attention?.(layer, query, key) ?? [query, key];
      const shape = this.attentionShape(layer, batch, leading + context, bidirectional);
      const [keys, values] = prompt?.keysAndValues(layer, k, v, batch) ?? [k, v];
      seen?.(layer, q, keys, values);
      return prompt?.attend(q, [keys, values], shape, of) ?? attention(q, k, v, shape, of);
    };
    const rows = {
      drop,
      seed,
      recompute,
      frozenLayers,
      body,
      tap: taps.state,
      embedded: taps.embedded,
      text: text === undefined ? text : leading + text,
    };
    if (!prompt || leading === 0) return this.run(ids, 0, context, attend, { ...rows, ...(documents ? { documents } : {}) });
    // The rows of a prefix are in no layer's input; soft tokens are.
    const embedded = prompt.method.kind === 'prompt';
    const longest = leading + (documents?.longest ?? 0);
    const positions = embedded ? documents?.behind!.positions : documents?.positions;
    const hidden =
      embedded || positions
        ? this.run(ids, 0, leading + context, attend, {
            ...rows,
            ...(embedded ? { sequences: batch } : {}),
            ...(positions ? { documents: { positions, longest } } : {}),
          })
        : this.run(ids, leading, context, attend, rows);
    return prompt.ofText(hidden, batch);
  }

  /** What the attention kernel needs to know for a layer. */
  attentionShape(layer: number, batch: number, context: number, both = false): AttentionShape {
    const { heads, kvHeads, windows, attentionScales, softCaps, encoder } = this.config;
    const window = windows[layer];
    const cap = softCaps.scores;
    return {
      ...{ batch, context, heads, kvHeads, scale: attentionScales[layer]! },
      ...(window ? { window } : {}),
      ...(cap ? { cap } : {}),
      ...(both || encoder ? { bidirectional: true } : {}),
    };
  }

  /** ids int32 [N] → embeddings [N,D] as the first layer takes them, but for positions of their own and a prompt's rows. */
  embeddings(ids: Tensor1D): Tensor2D {
    return tidy(() => scaled(embedding(this.matrix(this.names.embedding), ids), this.config.scales.embedding));
  }

  /** A layer's output [N,D] → what the head would take if it were the last layer's: after the final norm [N,D]. */
  readOut(x: Tensor2D): Tensor2D {
    return tidy(() => scaled(this.norm(this.config.encoder ? this.headStates(x) : x, this.names.finalNorm), this.config.scales.output));
  }

  /** hidden [N,D] after the final norm → logits [N,V], without a gradient; training has them in the loss (ops/cross-entropy). */
  logits(hidden: Tensor2D): Tensor2D {
    const logits = linear(...this.headProduct(hidden));
    const cap = this.config.softCaps.logits;
    return cap ? softCapped(logits, cap) : logits;
  }

  /**
   * States and weight whose product the logits are: those after the final norm [N,D] and the head [V,D], or with biases of the logits both four
   * columns wider, the states' [1 0 0 0] and the head's [bias 0 0 0], so that no op on a head needs to know of biases.
   */
  headProduct(hidden: Tensor2D): [states: Tensor2D, weight: Tensor2D] {
    const weight = this.headWeight();
    const { headBias } = this.names;
    if (!headBias) return [hidden, weight];
    return [widened(hidden, 1), widened(weight, this.bias(headBias))];
  }

  /** Change with the number of tokens in a text where the frequencies of its rotary embeddings do. */
  stretches(tokens: number): number[] {
    return this.rotary.map((tables) => tables?.stretchOf(tokens) ?? 0);
  }

  /** Everything on the device that a pass reads. */
  get tensors(): Tensor[] {
    const tables = [...new Set(this.rotary)].flatMap((one) => one?.both ?? []);
    return [...this.parameters.values(), ...[...this.quantised.values()].map(({ words }) => words), ...tables];
  }

  /** Head weight [V,D]; the embedding table itself when tied. */
  headWeight(): Variable & Tensor2D {
    return this.parameter(`${this.config.tied ? this.names.embedding : this.names.head}.weight`) as Variable & Tensor2D;
  }

  /**
   * The forward pass with attention left to the caller (training attends within the batch, generation to a key-value cache):
   * ids int32 [N] → hidden states after the final norm [N,D]. Row n is at position `first` + n mod `context`, or where `documents` says;
   * those are below `context`. With `sequences` soft tokens of a prompt are put before each, and are rows too.
   */
  run(
    ids: Tensor1D,
    first: number,
    context: number,
    attend: Attend,
    { drop, seed, recompute = false, frozenLayers = 0, body, tap, embedded, documents, text, sequences }: RunOptions = {},
  ): Tensor2D {
    return tidy(() => {
      let x = this.embeddings(ids);
      if (embedded) x = embedded(x);
      if (sequences !== undefined && this.prompt) x = this.prompt.embedded(x, sequences);
      const rows = x.shape[0];
      const positions = documents?.positions;
      // With positions of their own the rows have a table each, as one long sequence has.
      const anglesOf = new Map(
        [...new Set(this.rotary)].map((tables) => {
          const angles = tables?.at(first, context, text ?? documents?.longest) ?? [];
          return [tables, positions ? angles.map((table) => gather(table, positions)) : angles];
        }),
      );
      const period = positions ? rows : context;
      if (this.config.positions.kind === 'learned') {
        const of =
          positions ??
          tensor1d(
            Int32Array.from({ length: rows }, (_, row) => first + (row % context)),
            'int32',
          );
        const { firstPosition = 0 } = this.config.encoder ?? {};
        const row: Tensor1D = firstPosition === 0 ? of : addTensors(of, scalar(firstPosition, 'int32'));
        x = add(x, embedding(this.matrix(this.names.positions), row));
      }
      if (this.config.encoder) {
        x = add(x, embedding(this.matrix(this.names.tokenTypes), fill<Rank.R1>([rows], 0, 'int32')));
        x = this.norm(x, this.names.embeddingNorm);
      }
      if (drop) x = drop(x, 0);
      for (let layer = 0; layer < this.config.layers; layer += 1) {
        const block = (input: Tensor2D, turns: readonly Tensor[]) =>
          this.block(layer, input, { applyRotary: rotaryOf(turns as readonly Tensor2D[], period), attend, drop, seed });
        const angles = anglesOf.get(this.rotary[layer]!)!;
        const again = recompute || layer < frozenLayers;
        x = again ? recomputed(block, { x, weights: this.trainedIn(layer), constants: angles }) : block(x, angles);
        if (tap) x = tap(layer, x);
      }
      return body && this.config.encoder ? x : this.readOut(x);
    });
  }

  /**
   * One transformer block on the residual stream x [N,D]: x + attention(norm(x)), then that + feedForward(norm(that)). With `parallel`
   * both parts read x: x + attention(norm₁(x)) + feedForward(norm₂(x)), norm₂ being norm₁ where it is shared. Norms may stand after the
   * parts instead of before them, at both places, or behind the sums: norm(x + attention(x)).
   */
  private block(layer: number, x: Tensor2D, { applyRotary, attend, drop, seed }: BlockInputs): Tensor2D {
    const { heads, kvHeads, biases, parallel, normedHeads, norm, normPlacement, scales } = this.config;
    const names = this.names.layers[layer]!;
    const normed = (input: Tensor2D, name: string): [Tensor2D, Tensor2D] =>
      normPlacement === 'after' || normPlacement === 'sum' ? [input, input] : this.normWithResidual(input, name);
    // residual + dropout(factor · norm(W·from + b)); in the plain case the linear kernel adds the residual itself.
    const addProjected = (residual: Tensor2D, from: Tensor2D, part: Projected) => {
      const bias = part.biased ? this.bias(part.name) : undefined;
      const ofSum = (sum: Tensor2D) => (normPlacement === 'sum' ? this.norm(sum, part.postNorm) : sum);
      const plain = normPlacement === 'before' || normPlacement === 'sum';
      if (!drop && plain && scales.residual === 1)
        return ofSum(this.adapted(this.map(from, part.name, { bias, residual }), from, part.name, seed));
      const output = this.adapted(this.map(from, part.name, { bias }), from, part.name, seed);
      const added = scaled(plain ? output : this.norm(output, part.postNorm), scales.residual);
      return ofSum(add(residual, drop ? drop(added, part.place) : added));
    };

    const [attentionInput, residual] = normed(x, names.attentionNorm);
    const [query, key, value] = this.linearGroup(attentionInput, [names.query, names.key, names.value], biases.queryKeyValue, seed);
    const headNorm = (states: Tensor2D, name: string) => (normedHeads ? headRmsNorm(states, this.normWeight(name), norm.epsilon) : states);
    const q = applyRotary(headNorm(query!, names.queryNorm), heads);
    const k = applyRotary(headNorm(key!, names.keyNorm), kvHeads);
    const projected = addProjected(residual, attend(layer, q, k, value!), {
      name: names.output,
      biased: biases.output,
      postNorm: names.attentionPostNorm,
      place: 2 * layer + 1,
    });
    const attended = this.withAdaption(layer, projected, q);

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

  /** The residual stream [N,D] with what the layer's adaption prompts add to it; as PEFT has it, in GPT-2 without the output's map. */
  private withAdaption(layer: number, residual: Tensor2D, q: Tensor2D): Tensor2D {
    const { architecture, biases } = this.config;
    const { key, value, output } = this.names.layers[layer]!;
    const mapped = (x: Tensor2D, name: string) => linear(x, this.matrix(name), biases.queryKeyValue ? { bias: this.bias(name) } : {});
    const added = this.prompt?.adaption(layer, q, (x) => [mapped(x, key), mapped(x, value)]);
    if (!added) return residual;
    if (architecture === 'gpt2') return add(residual, added);
    return linear(added, this.matrix(output), { bias: biases.output ? this.bias(output) : undefined, residual });
  }

  /** Hidden states of an encoder [N,D] → what its head's norm reads [N,D]: gelu(W x + b). */
  private headStates(x: Tensor2D): Tensor2D {
    const { headMap } = this.names;
    return gelu(linear(x, this.matrix(headMap), { bias: this.bias(headMap) }), this.config.activation === 'gelu' ? 'exact' : 'tanh');
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
    const apart = biased || names.some((name) => this.quantised.has(`${name}.weight`));
    const outputs = apart
      ? names.map((name) => this.map(x, name, { bias: biased ? this.bias(name) : undefined }))
      : linearGroup(
          x,
          names.map((name) => this.matrix(name)),
        );
    return this.lowRank?.add(outputs, x, names, seed) ?? outputs;
  }

  /** The map `name` of a block on x [N,I] → [N,O]. */
  private map(x: Tensor2D, name: string, extras: LinearExtras): Tensor2D {
    const quantised = this.quantised.get(`${name}.weight`);
    return quantised ? quantisedLinear(x, quantised, extras) : linear(x, this.matrix(name), extras);
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
    for (const parameter of this.parameters.values()) if (!this.shared.has(parameter)) parameter.dispose();
    if (!this.sharesQuantised) for (const { words } of this.quantised.values()) words.dispose();
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
  body?: boolean | undefined;
  tap?: Taps['state'];
  embedded?: Taps['embedded'];
  documents?: Pick<Documents, 'positions' | 'longest'>;
  text?: number | undefined;
  /** Into so many sequences the rows fall, each at its beginning. */
  sequences?: number;
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
