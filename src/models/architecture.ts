/** Facts of a model read from its config.json, which came from a file: by the reader that the engine trusts, or not at all. */
import type { ModelRecord } from '../contract/library';
import { readConfig, type ModelConfig } from '../core/model/config';

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
