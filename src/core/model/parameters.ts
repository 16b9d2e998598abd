/** The parameters of a model: names, shapes, and what each is, by its config. */
import type { ModelConfig } from './config';
import { isGated } from './config/model-config';
import { embeddingNames, namesOf } from './names';

interface ParameterModule {
  /** Hugging Face's name of the module. */
  name: string;
  /** `bias`: without a weight. */
  kind: 'embedding' | 'norm' | 'linear' | 'bias';
  /** Of its weight: a linear map's is [out, in]. */
  shape: number[];
  bias: boolean;
}

/** All modules with parameters, in the model's order; queries, keys and values follow one another. */
export function modulesOf(config: ModelConfig): ParameterModule[] {
  const { hidden, feedForward, vocabulary, heads, kvHeads, headSize, biases, encoder } = config;
  const names = namesOf(config.architecture);
  const norm = (name: string, size = hidden, bias = config.norm.kind === 'layer'): ParameterModule => ({
    name,
    kind: 'norm',
    shape: [size],
    bias,
  });
  const linear = (name: string, shape: number[], bias: boolean): ParameterModule => ({ name, kind: 'linear', shape, bias });
  const before = config.normPlacement === 'before' || config.normPlacement === 'both';
  const after = config.normPlacement !== 'before';
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  const headNorm = (name: string, width: number) => norm(name, config.normedHeads === 'whole' ? width : headSize, false);
  const layer = (index: number): ParameterModule[] => {
    const own = names.layer(index);
    return [
      ...(before ? [norm(own.attentionNorm)] : []),
      linear(own.query, [queries, hidden], biases.queryKeyValue),
      linear(own.key, [keys, hidden], biases.queryKeyValue),
      linear(own.value, [keys, hidden], biases.queryKeyValue),
      ...(config.normedHeads ? [headNorm(own.queryNorm, queries), headNorm(own.keyNorm, keys)] : []),
      linear(own.output, [hidden, queries], biases.output),
      ...(after ? [norm(own.attentionPostNorm)] : []),
      ...(before && config.parallel !== 'shared' ? [norm(own.feedForwardNorm)] : []),
      ...(isGated(config) ? [linear(own.gate, [feedForward, hidden], biases.feedForward)] : []),
      linear(own.up, [feedForward, hidden], biases.feedForward),
      linear(own.down, [hidden, feedForward], biases.feedForward),
      ...(after ? [norm(own.feedForwardPostNorm)] : []),
    ];
  };
  const embedding = (name: string, rows: number): ParameterModule => ({ name, kind: 'embedding', shape: [rows, hidden], bias: false });
  return [
    embedding(names.embedding, vocabulary),
    ...(config.positions.kind === 'learned' ? [embedding(names.positions, config.context + (encoder?.firstPosition ?? 0))] : []),
    ...(encoder ? [embedding(names.tokenTypes, encoder.tokenTypes), norm(names.embeddingNorm)] : []),
    ...Array.from({ length: config.layers }, (_, index) => layer(index)).flat(),
    ...(encoder ? [linear(names.headMap, [hidden, hidden], true)] : []),
    norm(names.finalNorm),
    ...(encoder ? [{ name: names.headBias, kind: 'bias' as const, shape: [vocabulary], bias: true }] : []),
    ...(config.tied ? [] : [linear(names.head, [vocabulary, hidden], false)]),
  ];
}

/** Shape of every parameter, in the model's order. */
export function parameterShapes(config: ModelConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const { name, kind, shape, bias } of modulesOf(config)) {
    if (kind !== 'bias') shapes.set(`${name}.weight`, shape);
    if (bias) shapes.set(`${name}.bias`, shape.slice(0, 1));
  }
  return shapes;
}

/** Number of weights; a tied head counts once. */
export function parameterCount(config: ModelConfig): number {
  let total = 0;
  for (const shape of parameterShapes(config).values()) total += shape.reduce((product, side) => product * side, 1);
  return total;
}

/** Weight decay spares norms, biases and embeddings: everything with one axis, and the tables of tokens (tied or not) and positions. */
export function decays(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && !embeddingNames.has(name);
}
