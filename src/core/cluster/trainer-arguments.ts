/**
 * What the exports to other trainers have in common: a recipe in the names of transformers' TrainingArguments, its schedule by transformers' schedulers,
 * the adapter, the files beside the arguments, and the README with what the target lacks.
 */
import { StudioError } from '../errors';
import type { LoraMethod, Recipe, Schedule } from '../recipe/schema';
import { decayStart, warmupSteps } from '../schedule/schedule';
import { estimateTable, hardwareOf, type Hardware, type HardwareInput } from './estimate';
import { json, withRows, type ClusterFolder } from './export';
import { collectLacks, lackLines, lackOfTrainers, type AddLack, type Lack } from './lacks';
import channelLossPy from './templates/channel_loss.py?raw';
import dataPy from './templates/data.py?raw';
import planPy from './templates/plan.py?raw';
import ruffToml from './templates/ruff.toml?raw';
import sharesPy from './templates/shares.py?raw';

type Value = string | number | boolean | readonly (string | number | object)[] | object;
export type Arguments = Record<string, Value>;

/** As PyYAML reads them: a number with an exponent needs its point, and a text that reads as something else its quotes. */
export function yaml(values: Arguments): string {
  const scalar = (value: unknown): string => {
    if (typeof value === 'number') return String(value).replace(/^(-?\d+)(e[+-]\d+)$/, '$1.0$2');
    if (typeof value === 'string')
      return /^[A-Za-z_./][\w./-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i.test(value)
        ? value
        : JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(scalar).join(', ')}]`;
    if (typeof value === 'object' && value !== null)
      return `{${Object.entries(value)
        .map(([key, inner]) => `${key}: ${scalar(inner)}`)
        .join(', ')}}`;
    return String(value);
  };
  return `${Object.entries(values)
    .map(([key, value]) => `${key}: ${scalar(value)}`)
    .join('\n')}\n`;
}

/** What all three are told of a recipe in the names of transformers' TrainingArguments. */
export function trainingArguments(recipe: Recipe, { gpus, rowsPerGpu, rows }: Hardware, lack: AddLack): Arguments {
  const { budget, evaluation, saving, logging, optimizer, precision, schedule, seed } = recipe;
  return {
    output_dir: 'run',
    max_steps: budget.steps,
    per_device_train_batch_size: rowsPerGpu,
    per_device_eval_batch_size: rowsPerGpu,
    gradient_accumulation_steps: rows / gpus / rowsPerGpu,
    learning_rate: schedule.peakLr,
    ...scheduler(schedule, budget.steps, lack),
    optim: 'adamw_torch',
    adam_beta1: optimizer.beta1,
    adam_beta2: optimizer.beta2,
    adam_epsilon: optimizer.epsilon,
    weight_decay: optimizer.weightDecay,
    max_grad_norm: optimizer.maxGradNorm,
    bf16: precision === 'bf16',
    fp16: precision === 'f16',
    eval_strategy: 'steps',
    eval_steps: evaluation.everySteps,
    save_strategy: 'steps',
    save_steps: saving.everySteps,
    save_total_limit: saving.keep,
    logging_steps: logging.everySteps,
    seed,
  };
}

/** transformers' schedulers; a line with a floor is its WSD without a stable stretch. */
function scheduler(schedule: Schedule, steps: number, lack: AddLack): Arguments {
  const { kind, minRatio, decayShape } = schedule;
  const warmup = warmupSteps(schedule, steps);
  const about = (name: string, options: object) => ({ lr_scheduler_type: name, lr_scheduler_kwargs: options, warmup_steps: warmup });
  const decay = (stable: number, shape: string) =>
    about('warmup_stable_decay', {
      num_stable_steps: stable,
      num_decay_steps: Math.max(1, steps - warmup - stable),
      decay_type: shape,
      min_lr_ratio: minRatio,
    });
  if (kind === 'constant') return { lr_scheduler_type: 'constant_with_warmup', warmup_steps: warmup };
  if (kind === 'cosine') return about('cosine_with_min_lr', { min_lr_rate: minRatio });
  if (kind === 'linear' && minRatio === 0) return { lr_scheduler_type: 'linear', warmup_steps: warmup };
  if (kind === 'linear') {
    if (warmup > 0) lack('schedule.minRatio', minRatio, 'warmupFloor');
    return decay(0, 'linear');
  }
  if (decayShape === 'exponential') lack('schedule.decayShape', decayShape, 'decayShape');
  return decay(
    decayStart(schedule, steps) - warmup,
    { linear: 'linear', exponential: 'linear', cosine: 'cosine', sqrt: '1-sqrt' }[decayShape],
  );
}

const MAPS: Readonly<Record<string, string>> = {
  ...{ q: 'q_proj', k: 'k_proj', v: 'v_proj', o: 'o_proj' },
  ...{ gate: 'gate_proj', up: 'up_proj', down: 'down_proj' },
};
const SAVED = { embeddings: 'embed_tokens', head: 'lm_head' };

/** The adapter, null where all weights are trained. @throws StudioError `recipe-invalid` of any other method */
export function loraOf({ method }: Recipe, target: string, lack: AddLack): (LoraMethod & { names: string[]; saved: string[] }) | null {
  if (!method) return null;
  if (method.kind !== 'lora')
    throw new StudioError('recipe-invalid', `The target ${target} has no method "${method.kind}"; accepted: lora | —`, {
      field: 'method.kind',
      value: method.kind,
      accepted: 'lora | —',
    });
  const odd = method.targets.filter((name) => name.includes('*'));
  if (odd.length > 0) lack('method.targets', odd.join(', '), 'modules');
  if (method.quantisation === 'int8') lack('method.quantisation', 'int8', 'int8');
  return { ...method, names: method.targets.map((name) => MAPS[name] ?? name), saved: method.modulesToSave.map((name) => SAVED[name]) };
}

/** What is the same for all three: translation, hardware, the table, the README. */
export function folder(
  target: string,
  given: Recipe,
  input: HardwareInput,
  make: (parts: { recipe: Recipe; hardware: Hardware; lack: AddLack; mixed: Recipe['channels'] }) => {
    files: Record<string, string>;
    install: string;
    commands: string;
    notes: string;
  },
): ClusterFolder {
  const hardware = hardwareOf(given, input);
  const { lacks, lack } = collectLacks();
  const recipe = structuredClone(given);
  withRows(recipe, hardware, lack);
  lackOfTrainers(recipe, lack);
  // A channel without a share is drawn from by nobody, and may be measured.
  const mixed = recipe.channels.filter(({ share }) => share > 0);
  const { files, install, commands, notes } = make({ recipe, hardware, lack, mixed });
  const { strategy } = hardware;
  const deepspeed =
    strategy === 'zero2' || strategy === 'zero3' || strategy === 'fsdp'
      ? { [`configs/${zeroName(strategy)}.json`]: zeroConfig(strategy) }
      : {};
  return {
    files: {
      ...files,
      ...deepspeed,
      'recipe.json': json(recipe),
      'shares.py': sharesPy,
      // Held-out losses by channel, by each trainer's own callbacks.
      'channel_loss.py': channelLossPy,
      'data.py': dataPy,
      'plan.py': planPy,
      'ruff.toml': ruffToml,
      'README.md': readme(target, recipe, hardware, lacks, { install, commands, notes }),
    },
    lacks,
  };
}

/** DeepSpeed in the place of FSDP, which each of the three configures in its own way. */
const zeroName = (strategy: Hardware['strategy']) => (strategy === 'zero2' ? 'zero2' : 'zero3');
export const zeroPath = ({ strategy }: Hardware): string | null => (strategy === 'ddp' ? null : `configs/${zeroName(strategy)}.json`);
const zeroConfig = (strategy: Hardware['strategy']): string =>
  json({
    zero_optimization: {
      stage: strategy === 'zero2' ? 2 : 3,
      overlap_comm: true,
      contiguous_gradients: true,
      ...(strategy === 'zero2' ? {} : { stage3_gather_16bit_weights_on_model_save: true }),
    },
    bf16: { enabled: 'auto' },
    fp16: { enabled: 'auto' },
    gradient_clipping: 'auto',
    gradient_accumulation_steps: 'auto',
    train_micro_batch_size_per_gpu: 'auto',
    train_batch_size: 'auto',
  });

function readme(
  target: string,
  recipe: Recipe,
  hardware: Hardware,
  lacks: readonly Lack[],
  { install, commands, notes }: { install: string; commands: string; notes: string },
): string {
  const { channels, sequenceLength, budget } = recipe;
  return `# ${recipe.name}: continued pretraining with ${target}

Made by Crossfade from a recipe. Steps ${budget.steps}, ${hardware.rows} rows of ${sequenceLength} tokens a step on ${hardware.gpus} GPUs.

    ${install}
${commands}

## What it needs

\`model/\`: the base "${recipe.base}" in Hugging Face layout. Texts as JSON Lines with the columns \`text\` and \`channel\`:

| channel | role | share | text |
| --- | --- | --- | --- |
${channels.map(({ id, role, share }) => `| ${id} | ${role} | ${share} | data/train/${id}.jsonl, data/heldOut/${id}.jsonl |`).join('\n')}

${notes}

## Not in this target

${lackLines(lacks, 'Nothing: all of the recipe is done.')}

\`recipe.json\` is the recipe as it is trained here; the transformers export of the studio does what is listed above.

## Memory and time, estimated

${estimateTable({ context: sequenceLength, rows: hardware.rows, steps: budget.steps }, hardware)}

Licence of the code in this folder: Apache-2.0. Texts and models keep their own.
`;
}

/** Summing to 1, as far as they are written. */
export function probabilities(channels: Recipe['channels']): number[] {
  const sum = channels.reduce((total, { share }) => total + share, 0);
  return channels.map(({ share }) => Number((share / sum).toFixed(6)));
}
