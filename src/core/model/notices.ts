/**
 * What an import found and did not take as it stood, though the model can be used: told once the import is done, and kept with the
 * model. The page has a sentence for each kind in both languages (`models.notice`).
 */
export type ModelNotice =
  /** Fields of config.json that transformers' class of this family does not read either. */
  | { kind: 'unknown-fields'; fields: string[] }
  /** Dropout rates of config.json above 0: the recipe has its own. */
  | { kind: 'dropout-rates'; fields: string[] }
  /** Another class name in `architectures` than the family's causal model; `model_type` decides. */
  | { kind: 'architecture'; found: string; read: string }
  /** A quantization_config beside weights that are all float; it is left out of the stored config.json. */
  | { kind: 'quantization-left'; method: string }
  /** A prefix before all tensor names, which exports will not have. */
  | { kind: 'name-prefix'; prefix: string }
  /** Tensors that the model does not use: how many, and the names of the first. */
  | { kind: 'unused-tensors'; count: number; names: string[] }
  /** Made of a GGUF file: types of its weights, the most used first, and whether any were quantised. */
  | { kind: 'gguf'; file: string; types: string; dequantised: boolean }
  /** A GGUF file does not say how its text is split before BPE. */
  | { kind: 'gguf-split-unsaid' }
  | TokenizerNotice;

/** What the import of a tokenizer tells, by itself or with its model. */
export type TokenizerNotice =
  /** Added tokens for which the model has no row: their text is ordinary text. */
  | { kind: 'tokens-beyond'; rows: number; count: number; names: string[] }
  /** Added tokens whose ids in the file are not those that `tokenizers` gives them: its own count. */
  | { kind: 'tokens-renumbered'; count: number; names: string[] }
  /** Special tokens that the model has as pieces too: written out in plain text they are those tokens all the same, as in `tokenizers`. */
  | { kind: 'special-pieces'; count: number; names: string[] }
  /** The class that tokenizer_config.json names: by it transformers would rebuild the tokenizer, so that exports name the general class. */
  | { kind: 'tokenizer-class'; found: string }
  /** tokenizer.json was made of vocab.json and merges.txt. */
  | { kind: 'tokenizer-made' };

/** Names that a notice lists; further ones are only counted. */
export const NOTICE_NAMES = 8;
