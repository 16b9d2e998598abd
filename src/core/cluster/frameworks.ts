/**
 * A recipe as the arguments of trainers that others run: LLaMA-Factory, ms-swift and axolotl, each by the argument classes of the version that
 * is named here (tools/cluster-check/arguments.py holds the names to them).
 */
import type { Recipe } from '../recipe/schema';
import type { HardwareInput } from './estimate';
import { json, type ClusterFolder } from './export';
import { folder, loraOf, probabilities, trainingArguments, yaml, zeroPath, type Arguments } from './trainer-arguments';

/** By LLaMA-Factory 0.9.5. */
export function exportToLlamaFactory(given: Recipe, input: HardwareInput = {}): ClusterFolder {
  return folder('LLaMA-Factory', given, input, ({ recipe, hardware, lack, mixed }) => {
    const lora = loraOf(recipe, 'llama-factory', lack);
    lack('channels.share', mixed.map(({ share }) => share).join(' : '), 'shareByDocument');
    lack('metrics', 'training loss by channel', 'channelLoss');
    if (recipe.packing === 'separate') lack('packing', 'separate', 'documentsJoined');
    if (recipe.stopping.early) lack('stopping.early', recipe.stopping.early.patience, 'earlyOnTotal');
    if (lora && !Number.isInteger(lora.alpha)) lack('method.alpha', lora.alpha, 'alpha');
    const zero = zeroPath(hardware);
    const { early } = recipe.stopping;
    const values: Arguments = {
      model_name_or_path: 'model',
      stage: 'pt',
      do_train: true,
      do_eval: true,
      finetuning_type: lora ? 'lora' : 'full',
      ...(lora && {
        lora_rank: lora.r,
        lora_alpha: Math.round(lora.alpha),
        lora_dropout: lora.dropout,
        lora_target: lora.names.includes('all-linear') ? 'all' : lora.names.join(','),
        use_rslora: lora.rankStabilised,
        ...(lora.saved.length > 0 ? { additional_target: lora.saved.join(',') } : {}),
        ...(lora.quantisation
          ? {
              quantization_method: 'bnb',
              quantization_bit: lora.quantisation === 'nf4' ? 4 : 8,
              quantization_type: 'nf4',
              double_quantization: true,
            }
          : {}),
      }),
      dataset_dir: 'data',
      dataset: mixed.map(({ id }) => id).join(','),
      eval_dataset: mixed.map(({ id }) => `${id}_held_out`).join(','),
      eval_on_each_dataset: true,
      mix_strategy: 'interleave_over',
      interleave_probs: probabilities(mixed).join(','),
      streaming: true,
      cutoff_len: recipe.sequenceLength,
      packing: true,
      disable_gradient_checkpointing: !recipe.activationCheckpointing,
      ...(zero ? { deepspeed: zero } : {}),
      ...(early ? { early_stopping_steps: early.patience } : {}),
      ...trainingArguments(recipe, hardware, lack),
      report_to: 'tensorboard',
    };
    const info = Object.fromEntries(
      mixed.flatMap(({ id }) => [
        [id, { file_name: `train/${id}.jsonl`, columns: { prompt: 'text' } }],
        [`${id}_held_out`, { file_name: `heldOut/${id}.jsonl`, columns: { prompt: 'text' } }],
      ]),
    );
    return {
      files: { 'train.yaml': yaml(values), 'data/dataset_info.json': json(info) },
      install: 'pip install llamafactory==0.9.5',
      commands: `    python shares.py train.yaml       # once: interleave_probs by the length of documents
    torchrun --nproc-per-node ${hardware.gpus} channel_loss.py train.yaml`,
      notes:
        'Held-out loss is measured for each channel, training loss over all of them. `channel_loss.py` calls LLaMA-Factory with one more callback, which measures as the studio does and writes run/metrics.jsonl for its desk; `FORCE_TORCHRUN=1 NPROC_PER_NODE=n llamafactory-cli train train.yaml` trains without it (`eval_<channel>_held_out_loss`).',
    };
  });
}

/** By ms-swift 4.6.0. */
export function exportToSwift(given: Recipe, input: HardwareInput = {}): ClusterFolder {
  return folder('ms-swift', given, input, ({ recipe, hardware, lack, mixed }) => {
    const lora = loraOf(recipe, 'ms-swift', lack);
    lack('channels.share', mixed.map(({ share }) => share).join(' : '), 'shareByDocument');
    if (recipe.packing === 'joined') lack('packing', 'joined', 'documentsApart');
    const { early } = recipe.stopping;
    if (early) lack('stopping.early', early.patience, 'earlyOnTotal');
    const zero = zeroPath(hardware);
    const { save_strategy: _, ...training } = trainingArguments(recipe, hardware, lack);
    const values: Arguments = {
      model: 'model',
      use_hf: true,
      tuner_type: lora ? 'lora' : 'full',
      ...(lora && {
        lora_rank: lora.r,
        lora_alpha: lora.alpha,
        lora_dropout: lora.dropout,
        target_modules: lora.names,
        use_rslora: lora.rankStabilised,
        ...(lora.saved.length > 0 ? { modules_to_save: lora.saved } : {}),
        ...(lora.quantisation ? { quant_method: 'bnb', quant_bits: lora.quantisation === 'nf4' ? 4 : 8 } : {}),
      }),
      dataset: mixed.map(({ id }) => `data/train/${id}.jsonl`),
      val_dataset: mixed.map(({ id }) => `data/heldOut/${id}.jsonl`),
      streaming: true,
      interleave_prob: probabilities(mixed),
      stopping_strategy: 'all_exhausted',
      data_seed: recipe.seed,
      max_length: recipe.sequenceLength,
      truncation_strategy: 'split',
      packing: true,
      enable_channel_loss: true,
      external_plugins: ['channel_loss.py'],
      callbacks: ['channel_loss'],
      gradient_checkpointing: recipe.activationCheckpointing,
      torch_dtype: { f32: 'float32', f16: 'float16', bf16: 'bfloat16' }[recipe.precision],
      ...(early ? { early_stop_interval: early.patience } : {}),
      ...(zero ? { deepspeed: zero } : {}),
      ...training,
      report_to: ['tensorboard'],
    };
    return {
      files: { 'train.yaml': yaml(values) },
      install: 'pip install ms-swift==4.6.0 && pip install flash-attn --no-build-isolation',
      commands: `    python shares.py train.yaml       # once: interleave_prob by the length of documents
    NPROC_PER_NODE=${hardware.gpus} swift pt train.yaml`,
      notes:
        'Training loss is logged for each channel (`enable_channel_loss` reads the column `channel`), held-out loss of each by `channel_loss.py`, in run/metrics.jsonl. Where the folder of the base alone does not tell the kind of model, add `model_type` to train.yaml.',
    };
  });
}

/** By axolotl 0.19.0. */
export function exportToAxolotl(given: Recipe, input: HardwareInput = {}): ClusterFolder {
  return folder('axolotl', given, input, ({ recipe, hardware, lack, mixed }) => {
    const lora = loraOf(recipe, 'axolotl', lack);
    lack('channels.share', mixed.map(({ share }) => share).join(' : '), 'shareMixed');
    lack('metrics', 'training loss by channel', 'channelLoss');
    if (recipe.packing === 'joined') lack('packing', 'joined', 'documentsApart');
    const { early } = recipe.stopping;
    if (early) lack('stopping.early', early.patience, 'earlyOnTotal');
    const zero = zeroPath(hardware);
    const {
      per_device_train_batch_size: rows,
      per_device_eval_batch_size: evalRows,
      lr_scheduler_type: scheduled,
      optim,
      ...training
    } = trainingArguments(recipe, hardware, lack);
    const data = (path: string) => ({ path, ds_type: 'json', type: 'completion', field: 'text' });
    const values: Arguments = {
      base_model: 'model',
      ...(lora && {
        adapter: lora.quantisation === 'nf4' ? 'qlora' : 'lora',
        lora_r: lora.r,
        lora_alpha: Math.round(lora.alpha),
        lora_dropout: lora.dropout,
        peft_use_rslora: lora.rankStabilised,
        ...(lora.names.includes('all-linear') ? { lora_target_linear: true } : { lora_target_modules: lora.names }),
        ...(lora.saved.length > 0 ? { lora_modules_to_save: lora.saved } : {}),
        ...(lora.quantisation ? { [lora.quantisation === 'nf4' ? 'load_in_4bit' : 'load_in_8bit']: true } : {}),
      }),
      datasets: [data('data/mixed.jsonl')],
      test_datasets: mixed.map(({ id }) => ({ ...data(`data/heldOut/${id}.jsonl`), split: 'train' })),
      shuffle_merged_datasets: false,
      curriculum_sampling: true,
      dataset_prepared_path: 'cache',
      sequence_len: recipe.sequenceLength,
      sample_packing: true,
      sample_packing_sequentially: true,
      pad_to_sequence_len: true,
      attn_implementation: 'flash_attention_2',
      gradient_checkpointing: recipe.activationCheckpointing,
      micro_batch_size: rows!,
      eval_batch_size: evalRows!,
      optimizer: optim!,
      lr_scheduler: scheduled!,
      ...training,
      ...(early ? { early_stopping_patience: early.patience } : {}),
      ...(zero ? { deepspeed: zero } : {}),
      use_tensorboard: true,
      plugins: ['channel_loss.ChannelLossPlugin'],
    };
    if (lora && !Number.isInteger(lora.alpha)) lack('method.alpha', lora.alpha, 'alpha');
    return {
      files: { 'train.yaml': yaml(values) },
      install: 'pip install axolotl==0.19.0 && pip install flash-attn --no-build-isolation',
      commands: `    python shares.py mixed            # once: data/mixed.jsonl, the mixture in its order
    PYTHONPATH=. axolotl train train.yaml --num-processes ${hardware.gpus}`,
      notes:
        '`data/mixed.jsonl` holds as many tokens as the steps read, documents of the channels in turn so that the shares of tokens are kept all along. Held-out loss of each channel is measured by `channel_loss.py`, in run/metrics.jsonl.',
    };
  });
}
