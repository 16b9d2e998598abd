import type { ConfigFields } from './fields';
import type { ModelConfig } from './model-config';

/** How one family's config.json is read. */
export interface FamilyReader {
  /** The class in `architectures`. */
  architecture: string;
  /** Everything but what all families share. Asks for every field of the family that changes the arithmetic. */
  read(fields: ConfigFields): Omit<ModelConfig, 'architecture' | 'vocabulary' | 'endOfText'>;
}
