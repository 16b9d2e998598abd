/** A model's architecture: its parts as a stack with shapes and parameter counts. */
import type { ModelConfig } from '../core/model/config';
import { modulesOf } from '../core/model/parameters';

/** What a part does; the page has the words. */
type PartKind = 'embedding' | 'positions' | 'norm' | 'attention' | 'feed-forward' | 'head';

interface PartTensor {
  /** Last words of Hugging Face's name: `q_proj`, `c_attn.query`. */
  name: string;
  shape: number[];
  bias: boolean;
}

export interface StackPart {
  kind: PartKind;
  tensors: PartTensor[];
  parameters: number;
}

export interface ModelStack {
  before: StackPart[];
  /** One of `layers` equal blocks. */
  block: { layers: number; parameters: number; parallel: boolean; parts: StackPart[] };
  after: StackPart[];
}

type Module = ReturnType<typeof modulesOf>[number];

export function modelStack(config: ModelConfig): ModelStack {
  const modules = modulesOf(config);
  const learned = config.positions.kind === 'learned';
  const first = learned ? 2 : 1;
  const last = modules.length - (config.tied ? 1 : 2);
  const perLayer = (last - first) / config.layers;
  const block = blockParts(modules.slice(first, first + perLayer), config);
  return {
    before: [part('embedding', modules.slice(0, 1)), ...(learned ? [part('positions', modules.slice(1, 2))] : [])],
    block: {
      layers: config.layers,
      parameters: block.reduce((sum, { parameters }) => sum + parameters, 0),
      parallel: config.parallel,
      parts: block,
    },
    // A tied head is the embedding again: it has a place, and no weights of its own.
    after: [part('norm', modules.slice(last, last + 1)), part('head', modules.slice(last + 1))],
  };
}

/** A block's modules come in the order attention norm, projections and output, feed-forward norm, feed-forward part. */
function blockParts(modules: readonly Module[], config: ModelConfig): StackPart[] {
  const feedForward = config.activation === 'swiglu' ? 3 : 2;
  const split = modules.length - feedForward - 1;
  return [
    part('norm', modules.slice(0, 1)),
    part('attention', modules.slice(1, split)),
    part('norm', modules.slice(split, split + 1)),
    part('feed-forward', modules.slice(split + 1)),
  ];
}

function part(kind: PartKind, modules: readonly Module[]): StackPart {
  const tensors = modules.map(({ name, shape, bias }) => ({ name: shortName(name), shape, bias }));
  const size = ({ shape, bias }: Module) => shape.reduce((product, side) => product * side, 1) + (bias ? shape[0]! : 0);
  return { kind, tensors, parameters: modules.reduce((sum, module) => sum + size(module), 0) };
}

/** Without the path to the layer and to its attention or feed-forward part. */
function shortName(name: string): string {
  return name.replace(/^.*\.(?:layers|h)\.\d+\./, '').replace(/^(?:self_attn|attention|attn|mlp|model|transformer|gpt_neox)\./, '');
}
