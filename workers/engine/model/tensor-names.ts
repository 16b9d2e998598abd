/**
 * Names of tensors in files as people have them: with what tools put before them, without the prefix of the head's module, or of
 * weights that are no model's own.
 */
import { StudioError } from '../../../src/core/errors';
import type { Family } from '../../../src/core/model/config';
import { namesOf } from '../../../src/core/model/names';
import type { StoredTensor } from '../checkpoint/safetensors';

/** Modules that PyTorch wraps around others: torch.compile, fully sharded training, activation checkpointing. Anywhere in a name. */
const WRAPPERS = /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;
/** Buffers that older versions of transformers saved; it computes them anew. */
const BUFFERS =
  /(^|\.)(rotary_emb\.(inv_freq|cos_cached|sin_cached)|(attn|attention)\.(bias|masked_bias)|embeddings\.(position|token_type)_ids)$/;
/** A norm's parameters as TensorFlow's checkpoints call them, from which the first files of BERT were made. */
const OLD_NORMS: Readonly<Record<string, string>> = { gamma: 'weight', beta: 'bias' };
/** Names that only adapters and modules under an adapter have (PEFT). */
const ADAPTER = /(^|\.)(lora_(A|B|embedding_[AB]|magnitude_vector)|base_layer|modules_to_save|ia3_l)(\.|$)/;
/** Names that only quantised weights have: bitsandbytes, GPTQ and AWQ, compressed-tensors, FP8. */
const QUANTISED =
  /(^|\.)(absmax|nested_absmax|quant_map|nested_quant_map|quant_state\.[\w.]+|SCB|qweight|qzeros|g_idx|weight_scale|weight_scale_inv|weight_packed|weight_zero_point|scale_weight)$/;
/** Types of quantised weights; a float weight has F32, F16 or BF16. */
const QUANTISED_TYPE = /^(U8|I8|I32|F8|F6|F4)/;

export interface NamedTensors {
  /** By the name that transformers' model of the family has. */
  tensors: Map<string, StoredTensor>;
  /** What stood before the names; empty where nothing did. */
  prefix: string;
}

/**
 * Takes off a prefix that all names share and that the family's own names follow (`module.`, `base_model.model.`), and wrappers'
 * modules wherever they stand (`_orig_mod.`); adds the family's prefix to files of the bare model, and calls old norms' parameters as now.
 */
export function familyTensors(found: ReadonlyMap<string, StoredTensor>, family: Family): NamedTensors {
  const { prefix: own, embedding, head } = namesOf(family);
  const unwrapped = renamed(found, (name) => name.replace(WRAPPERS, '').replace(/(?<=LayerNorm\.)(gamma|beta)$/, (old) => OLD_NORMS[old]!));
  const tensors = unwrapped ?? new Map(found);
  const wrappers = unwrapped ? new Set([...found.keys()].flatMap((name) => name.match(WRAPPERS) ?? [])) : [];
  const full = `${embedding}.weight`;
  const before = prefixBefore(tensors, full) ?? prefixBefore(tensors, full.slice(own.length)) ?? '';
  const stripped = renamed(tensors, (name) => name.slice(before.length))!;
  // GPT-2's own files are of the bare decoder.
  const bare = ![...stripped.keys()].some((name) => name.startsWith(own));
  const ofHead = `${head.split('.')[0]!}.`;
  const named = bare ? renamed(stripped, (name) => (name.startsWith(ofHead) ? name : own + name))! : stripped;
  return { tensors: named, prefix: before + [...wrappers].join('') };
}

/** What all names begin with where one of them is it and then `suffix`; null where none is, or others begin otherwise. */
function prefixBefore(tensors: ReadonlyMap<string, unknown>, suffix: string): string | null {
  const names = [...tensors.keys()];
  if (names.includes(suffix)) return '';
  const wrapped = names.find((name) => name.endsWith(`.${suffix}`));
  const prefix = wrapped?.slice(0, -suffix.length);
  return prefix !== undefined && names.every((name) => name.startsWith(prefix)) ? prefix : null;
}

/** Null where two names would become one. */
function renamed(tensors: ReadonlyMap<string, StoredTensor>, rename: (name: string) => string): Map<string, StoredTensor> | null {
  const result = new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
  return result.size === tensors.size ? result : null;
}

/** @throws StudioError `model-adapter`, `model-quantized` where the names are those of such weights */
export function refuseForeignWeights(tensors: Iterable<StoredTensor>): void {
  for (const tensor of tensors) {
    const { file, name } = tensor;
    if (ADAPTER.test(name))
      throw new StudioError('model-adapter', `${file}: "${name}" belongs to an adapter; merge it into its base first`, {
        file,
        tensor: name,
      });
    if (QUANTISED.test(name)) throw quantised(tensor);
  }
}

/** @throws StudioError `model-quantized`, or `safetensors-invalid` for a type that is no float type that can be read */
export function checkWeightType(tensor: StoredTensor): void {
  if (QUANTISED_TYPE.test(tensor.dtype)) throw quantised(tensor);
  tensor.checkFloat();
}

function quantised({ file, name, dtype }: StoredTensor): StudioError {
  return new StudioError('model-quantized', `${file}: "${name}" (${dtype}) belongs to quantised weights`, {
    file,
    tensor: name,
    found: dtype,
  });
}

/** Names of tensors that a model of this family does not use and that are no buffers of transformers'. */
export function unusedNames(tensors: ReadonlyMap<string, unknown>, used: ReadonlySet<string>): string[] {
  return [...tensors.keys()].filter((name) => !used.has(name) && !BUFFERS.test(name));
}
