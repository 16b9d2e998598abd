/**
 * Soft prompts beside a frozen model (src/core/model/soft-prompt.ts): their variables, what they do in the forward pass, and PEFT's file of
 * them. Virtual tokens stand before the text: they take its first positions, every token of the row sees them, and with documents apart
 * every document does. None of them predicts anything.
 */
import {
  concat,
  customGrad,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  tensor,
  tidy,
  tile,
  transpose,
  variable,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../../src/core/model/config';
import { adaptionNames, leadingTokens, prefixNames, PROMPT, repeatedTokens, softTensors } from '../../../src/core/model/soft-prompt';
import type { SoftMethod } from '../../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../../src/core/rng/rng';
import type { ByteSource, HostTensor } from '../checkpoint/safetensors';
import { attention, type AttentionShape } from '../ops/attention';
import { embedding } from '../ops/embedding';
import { readSoftPrompt } from './read';

/** What a soft prompt begins with. */
export interface SoftStart {
  /** Of the run. */
  seed: number;
  /** Embeddings of the model's tokens, as they enter the first layer: table [V,D] times `scale`. */
  table: Tensor2D;
  scale: number;
  /** Tokens of the method's text; empty where it has none. */
  text: readonly number[];
}

let prompts = 0;

export class SoftPrompt {
  readonly parameters = new Map<string, Variable>();
  /** Positions before the text's first token. */
  readonly leading: number;

  /** All zero until `begin` or `restore`. */
  constructor(
    readonly config: ModelConfig,
    readonly method: SoftMethod,
  ) {
    this.leading = leadingTokens(method);
    const prefix = `soft-prompt-${(prompts += 1)}/`;
    for (const { name, shape } of softTensors(config, method).flatMap(({ parameters }) => parameters)) {
      const initial = zeros([...shape]);
      this.parameters.set(name, variable(initial, true, prefix + name));
      initial.dispose();
    }
  }

  /** N(0, 1) as in PEFT, zeros for gates, or embeddings of tokens. */
  begin({ seed, table, scale, text }: SoftStart): void {
    const { method } = this;
    const random = new Rng(deriveSeed(seed, method.kind));
    if (method.kind === 'prompt' && (text.length > 0 || method.init === 'vocabulary')) {
      const drawn = () => Array.from({ length: method.tokens }, () => random.integer(this.config.vocabulary));
      const ids = text.length > 0 ? repeatedTokens(text, method.tokens) : drawn();
      const start = tidy(() => mul(embedding(table, tensor(ids, [ids.length], 'int32')), scale));
      this.parameters.get(PROMPT)!.assign(start);
      start.dispose();
      return;
    }
    if (method.kind === 'prefix' && method.init === 'zero') return;
    for (const [name, parameter] of this.parameters) {
      if (name.endsWith('.adaption_gate')) continue;
      const start = tensor(
        Float32Array.from({ length: parameter.size }, () => random.normal()),
        parameter.shape,
      );
      parameter.assign(start);
      start.dispose();
    }
  }

  /** x [B·T,D] → [B·(n+T),D], each sequence behind the soft tokens of prompt tuning. */
  embedded(x: Tensor2D, batch: number): Tensor2D {
    return this.method.kind === 'prompt' ? behind(x, this.parameters.get(PROMPT)! as unknown as Tensor2D, batch) : x;
  }

  /** Hidden states of the text's own tokens. */
  ofText(hidden: Tensor2D, batch: number): Tensor2D {
    return this.method.kind === 'prompt' ? withoutLeading(hidden, this.leading, batch) : hidden;
  }

  /** A layer's keys and values [B·T,K·h], behind those of the prefix. */
  keysAndValues(layer: number, k: Tensor2D, v: Tensor2D, batch: number): [Tensor2D, Tensor2D] {
    if (this.method.kind !== 'prefix') return [k, v];
    const { key, value } = prefixNames(this.config, layer);
    const of = (name: string) => this.parameters.get(name)! as unknown as Tensor2D;
    return [behind(k, of(key), batch), behind(v, of(value), batch)];
  }

  /**
   * Attention of queries [B·T,H·h] to keys and values that begin with a prefix [B·(n+T),K·h]. The rows of queries that stand before the
   * text's are zeros whose output nobody takes, so that the kernel sees as many queries as keys.
   */
  attend(q: Tensor2D, [k, v]: readonly [Tensor2D, Tensor2D], shape: AttentionShape, documents?: Tensor1D): Tensor2D {
    if (this.method.kind !== 'prefix') return attention(q, k, v, shape, documents);
    const filled = behind(q, zeros<Rank.R2>([this.leading, q.shape[1]]), shape.batch);
    return withoutLeading(attention(filled, k, v, shape, documents), this.leading, shape.batch);
  }

  /**
   * What the layer's adaption prompts add to the output of its attention, before the output's map: gate · softmax(q·kᵀ/√h)·v, k and v being
   * the layer's own maps of the prompts, neither rotated nor masked. Null for a layer without.
   * @param q [N,H·h] rotated @param mapped the layer's keys and values of an input
   */
  adaption(layer: number, q: Tensor2D, mapped: (x: Tensor2D) => [Tensor2D, Tensor2D]): Tensor2D | null {
    const names = adaptionNames(this.config, layer);
    const prompt = this.parameters.get(names.prompt) as unknown as Tensor2D | undefined;
    if (!prompt) return null;
    const [k, v] = mapped(prompt);
    return gatedAttention(q, k, v, this.parameters.get(names.gate)! as unknown as Tensor1D, this.config);
  }

  /** Puts the values of a file of PEFT in the place of the present ones. @throws StudioError `tensor-missing`, `tensor-shape`, `tensor-not-finite` */
  async restore(file: string, source: ByteSource): Promise<void> {
    for (const { name, shape, data } of await readSoftPrompt(this.config, { name: file, bytes: source, method: this.method })) {
      const value = tensor(data, shape);
      this.parameters.get(name)!.assign(value);
      value.dispose();
    }
  }

  /** As PEFT's file has them. @param values of the parameters */
  fileTensors(values: ReadonlyMap<string, HostTensor>): HostTensor[] {
    return softTensors(this.config, this.method).map(({ name, shape, parameters }) => {
      const parts = parameters.map((parameter) => values.get(parameter.name)!);
      return { name, shape: [...shape], data: parts.length === 1 ? parts[0]!.data : sideBySide(parts) };
    });
  }
}

function sideBySide(parts: readonly HostTensor[]): Float32Array {
  const [rows, own] = parts[0]!.shape as [number, number];
  const matrix = new Float32Array(parts.length * rows * own);
  for (const [at, { data }] of parts.entries())
    for (let row = 0; row < rows; row++) matrix.set(data.subarray(row * own, (row + 1) * own), (row * parts.length + at) * own);
  return matrix;
}

/** Rows of each of `batch` sequences: [B·T,D] → [B,T,D]. */
const bySequence = (x: Tensor, batch: number): Tensor => reshape(x, [batch, -1, x.shape[1]!]);

/** x [B·T,D], leading [n,D] → [B·(n+T),D]: each sequence behind the same rows, whose gradient is the sum over the sequences. */
function behind(x: Tensor2D, leading: Tensor2D, batch: number): Tensor2D {
  const [count, width] = leading.shape;
  const join = customGrad((...given) => {
    const [text, rows] = given as unknown as [Tensor2D, Tensor2D];
    const value = reshape(concat([tile(reshape(rows, [1, count, width]), [batch, 1, 1]), bySequence(text, batch)], 1), [-1, width]);
    const gradFunc = (dy: Tensor): Tensor[] => [
      withoutRows(dy, count, batch),
      sum(slice(bySequence(dy, batch), [0, 0, 0], [batch, count, width]), 0),
    ];
    return { value, gradFunc };
  });
  return join(x, leading) as Tensor2D;
}

function withoutRows(x: Tensor, count: number, batch: number): Tensor2D {
  const sequences = bySequence(x, batch);
  const [, rows, width] = sequences.shape as [number, number, number];
  return reshape(slice(sequences, [0, count, 0], [batch, rows - count, width]), [-1, width]);
}

/** [B·(n+T),D] → [B·T,D] */
function withoutLeading(x: Tensor2D, count: number, batch: number): Tensor2D {
  const cut = customGrad((input) => ({
    value: withoutRows(input as Tensor, count, batch),
    gradFunc: (dy: Tensor): Tensor => reshape(concat([zeros([batch, count, dy.shape[1]!]), bySequence(dy, batch)], 1), [-1, dy.shape[1]!]),
  }));
  return cut(x) as Tensor2D;
}

/** gate · softmax(q·kᵀ/√h)·v over all keys: q [N,H·h], k and v [A,K·h] → [N,H·h]. The backward pass computes the probabilities again. */
function gatedAttention(q: Tensor2D, k: Tensor2D, v: Tensor2D, gate: Tensor1D, { heads, kvHeads, headSize }: ModelConfig): Tensor2D {
  const rows = q.shape[0];
  const scale = 1 / Math.sqrt(headSize);
  const group = heads / kvHeads;
  // Query heads that share a key-value head one after another: [K, H/K·N, h]; of keys [K, A, h].
  const stack = (x: Tensor) =>
    reshape(transpose(reshape(x, [rows, kvHeads, group, headSize]), [1, 2, 0, 3]), [kvHeads, group * rows, headSize]);
  const unstack = (x: Tensor) => reshape(transpose(reshape(x, [kvHeads, group, rows, headSize]), [2, 0, 1, 3]), [rows, heads * headSize]);
  const byHead = (x: Tensor) => transpose(reshape(x, [-1, kvHeads, headSize]), [1, 0, 2]);
  const byToken = (x: Tensor) => reshape(transpose(x, [1, 0, 2]), [-1, kvHeads * headSize]);
  const probabilities = (queries: Tensor, keys: Tensor) => softmax(mul(matMul(queries, keys, false, true), scale));
  const attend = customGrad((...given) => {
    const [queries, keys, values, factor] = given as unknown as Tensor[];
    const save = given.at(-1) as unknown as (tensors: Tensor[]) => void;
    save([queries!, keys!, values!, factor!]);
    const value = unstack(mul(matMul(probabilities(stack(queries!), byHead(keys!)), byHead(values!)), factor!));
    const gradFunc = (dy: Tensor, [keptQ, keptK, keptV, kept]: Tensor[]) => {
      const [heldQ, heldK, heldV, upstream] = [stack(keptQ!), byHead(keptK!), byHead(keptV!), stack(dy)];
      const weights = probabilities(heldQ, heldK);
      const dWeights = matMul(upstream, heldV, false, true);
      const weighed = mul(weights, dWeights);
      const dScores = mul(mul(sub(weighed, mul(weights, sum(weighed, 2, true))), kept!), scale);
      return [
        unstack(matMul(dScores, heldK)),
        byToken(matMul(dScores, heldQ, true, false)),
        byToken(mul(matMul(weights, upstream, true, false), kept!)),
        reshape(sum(weighed), [1]),
      ];
    };
    return { value, gradFunc };
  });
  return attend(q, k, v, gate) as Tensor2D;
}
