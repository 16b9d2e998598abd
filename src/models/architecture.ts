/** A model's architecture: its parts as a stack with shapes and parameter counts. */
import type { ModelConfig } from '../core/model/config';
import { namesOf } from '../core/model/names';
import { modulesOf } from '../core/model/parameters';

/** What a part does; the page has the words. */
type PartKind = 'embedding' | 'positions' | 'segments' | 'norm' | 'attention' | 'feed-forward' | 'head';

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
  const { positions, tokenTypes, embeddingNorm, finalNorm, below, above } = namesOf(config.architecture);
  const first = modules.findIndex(({ name }) => !below.includes(name));
  const last = modules.findIndex(({ name }) => above.includes(name));
  const perLayer = (last - first) / config.layers;
  const block = blockParts(modules.slice(first, first + perLayer), config);
  const kinds: Readonly<Record<string, PartKind>> = { [positions]: 'positions', [tokenTypes]: 'segments', [embeddingNorm]: 'norm' };
  const behind = modules.slice(last);
  return {
    before: modules.slice(0, first).map((module) => part(kinds[module.name] ?? 'embedding', [module])),
    block: {
      layers: config.layers,
      parameters: block.reduce((sum, { parameters }) => sum + parameters, 0),
      parallel: config.parallel !== false,
      parts: block,
    },
    // A tied head is the embedding again: it has a place, and no weights of its own.
    after: config.encoder
      ? [part('head', behind)]
      : [
          part(
            'norm',
            behind.filter(({ name }) => name === finalNorm),
          ),
          part(
            'head',
            behind.filter(({ name }) => name !== finalNorm),
          ),
        ],
  };
}

/** A block's modules, norms of the residual stream apart and what belongs to attention or to the feed-forward part together. */
function blockParts(modules: readonly Module[], config: ModelConfig): StackPart[] {
  const names = namesOf(config.architecture).layer(0);
  const norms = [names.attentionNorm, names.attentionPostNorm, names.feedForwardNorm, names.feedForwardPostNorm];
  const kindOf = ({ name }: Module): PartKind => {
    if (norms.includes(name)) return 'norm';
    return [names.gate, names.up, names.down].includes(name) ? 'feed-forward' : 'attention';
  };
  const groups: { kind: PartKind; modules: Module[] }[] = [];
  for (const module of modules) {
    const [kind, last] = [kindOf(module), groups.at(-1)];
    if (last?.kind === kind && kind !== 'norm') last.modules.push(module);
    else groups.push({ kind, modules: [module] });
  }
  return groups.map((group) => part(group.kind, group.modules));
}

function part(kind: PartKind, modules: readonly Module[]): StackPart {
  const tensors = modules.map(({ name, shape, bias }) => ({ name: shortName(name), shape, bias }));
  const weights = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  const size = ({ kind: of, shape, bias }: Module) => (of === 'bias' ? 0 : weights(shape)) + (bias ? shape[0]! : 0);
  return { kind, tensors, parameters: modules.reduce((sum, module) => sum + size(module), 0) };
}

/** Without the path to the layer and to its attention or feed-forward part. */
function shortName(name: string): string {
  return name
    .replace(/^.*\.(?:layers?|h)\.\d+\./, '')
    .replace(/^(?:self_attn|attention|attn|mlp|model|transformer|gpt_neox|(?:bert|roberta)\.embeddings|cls\.predictions)\./, '');
}
