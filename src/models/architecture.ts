/** Facts of a model read from its config.json, which came from a file: by the reader that the engine trusts, or not at all. */
import type { ModelRecord } from '../../workers/api';
import { readConfig, type ModelConfig } from '../core/model/config';
import type { ModelShape } from './memory';

export interface ArchitectureFacts {
  family: string;
  parameters: number;
  vocabulary: number;
  context: number;
  /** null when the config is not one that the engine takes. */
  config: ModelConfig | null;
}

export function architectureFacts({ architecture, parameters, vocabulary, context, config }: ModelRecord): ArchitectureFacts {
  let read: ModelConfig | null = null;
  try {
    read = readConfig('config.json', config);
  } catch {
    // A record of another version's making: what it says of itself is all there is.
  }
  return { family: architecture, parameters, vocabulary, context, config: read };
}

/** The shape that the memory estimate needs. */
export function modelShape({ parameters, config }: ArchitectureFacts): ModelShape | null {
  if (!config) return null;
  const { layers, hidden, feedForward, heads, kvHeads, headSize, vocabulary, activation, normedHeads } = config;
  return {
    parameters,
    layers,
    width: hidden,
    feedForward,
    feedForwardStates: activation === 'swiglu' ? 3 : 2,
    heads,
    keyValueHeads: kvHeads,
    headWidth: headSize,
    normedHeads,
    vocabulary,
  };
}
