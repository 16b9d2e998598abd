/**
 * A recipe as a folder that trains on a cluster with transformers and accelerate. What it does as the studio does is in the Python files of
 * `templates`; what it cannot is taken out of the recipe and listed, line by line. The same recipe gives the same files.
 */
import { federatedLine } from '../federated/clients';
import { ADAPTER_KINDS, methodLine } from '../recipe/method';
import { EMA_TEACHER, type Recipe, type Regularisation } from '../recipe/schema';
import { StudioError } from '../errors';
import { estimateTable, hardwareOf, type Hardware, type HardwareInput } from './estimate';
import { collectLacks, lackLines, type AddLack, type Lack } from './lacks';
import dataPy from './templates/data.py?raw';
import modelPy from './templates/model.py?raw';
import planPy from './templates/plan.py?raw';
import ruffToml from './templates/ruff.toml?raw';
import servePy from './templates/serve.py?raw';
import trainPy from './templates/train.py?raw';

export interface ClusterFolder {
  /** Path in the folder → text. */
  files: Record<string, string>;
  lacks: Lack[];
}

/** Versions that the folder was measured with; of deepspeed and bitsandbytes, which need a GPU, the ones current then. */
export const PINS = {
  torch: '2.13.0',
  transformers: '5.24.0',
  accelerate: '1.15.0',
  datasets: '5.2.0',
  peft: '0.21.2',
  numpy: '2.4.6',
  tensorboard: '2.21.0',
  zstandard: '0.25.0',
};
/** Fields of a recipe that the folder reads; of any other it says that it does not. */
const READ: readonly (keyof Recipe)[] = [
  ...(['version', 'name', 'base', 'sequenceLength', 'channels', 'strategy', 'schedule', 'phases', 'batchSize'] as const),
  ...(['gradientAccumulationSteps', 'optimizer', 'dropout', 'regularisation', 'packing', 'budget', 'evaluation', 'saving'] as const),
  ...(['logging', 'stopping', 'activationCheckpointing', 'precision', 'method', 'seed', 'runnable'] as const),
];

/**
 * @param given where it will be trained; what is left out is taken from the recipe and from the table of sizes
 * @throws StudioError `recipe-invalid` where nothing that the target does would be near what the recipe asks
 */
export function exportToTransformers(recipe: Recipe, given: HardwareInput = {}): ClusterFolder {
  const hardware = hardwareOf(recipe, given);
  const { recipe: translated, lacks } = translate(recipe, hardware);
  const files: Record<string, string> = {
    'train.py': trainPy,
    'data.py': dataPy,
    'model.py': modelPy,
    'plan.py': planPy,
    'serve.py': servePy,
    'ruff.toml': ruffToml,
    'recipe.json': json(translated),
    'data.json': json(dataOf(translated)),
    'requirements.txt': requirements(translated),
    ...configs(translated, hardware.gpus),
    'run.sh': runScript(hardware),
    'job.sbatch': jobScript(hardware),
  };
  return { files: { ...files, 'README.md': readme(translated, lacks, hardware) }, lacks };
}

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The recipe without what the Python of the templates cannot do. @param federated whether the target has rounds of clients */
export function translate(recipe: Recipe, hardware: Hardware, federated = false): { recipe: Recipe; lacks: Lack[]; lack: AddLack } {
  const { lacks, lack } = collectLacks();
  const { method } = recipe;
  if (method && method.kind !== 'partial' && method.kind !== 'lora') {
    const accepted = [...ADAPTER_KINDS.filter((kind) => kind === 'lora'), 'partial', '—'].join(' | ');
    throw new StudioError('recipe-invalid', `The target transformers has no method "${method.kind}"; accepted: ${accepted}`, {
      field: 'method.kind',
      value: method.kind,
      accepted,
    });
  }
  const next: Recipe = structuredClone(recipe);
  withRows(next, hardware, lack);
  if (recipe.federated && !federated) {
    lack('federated', federatedLine(recipe.federated), 'federated');
    delete next.federated;
  }
  for (const field of Object.keys(next) as (keyof Recipe)[]) {
    if (READ.includes(field) || (federated && field === 'federated')) continue;
    lack(field, JSON.stringify(recipe[field]), 'leftOut');
    delete (next as Partial<Recipe>)[field];
  }
  if (recipe.dropout > 0) {
    lack('dropout', recipe.dropout, 'dropout');
    next.dropout = 0;
  }
  if (recipe.evaluation.probesPerGroup > 0) {
    lack('evaluation.probesPerGroup', recipe.evaluation.probesPerGroup, 'probes');
    next.evaluation.probesPerGroup = 0;
  }
  if (recipe.evaluation.attentionRows !== undefined) {
    lack('evaluation.attentionRows', recipe.evaluation.attentionRows, 'attention');
    delete next.evaluation.attentionRows;
  }
  if (recipe.evaluation.adversarialDocuments !== undefined) {
    lack('evaluation.adversarialDocuments', recipe.evaluation.adversarialDocuments, 'adversarial');
    delete next.evaluation.adversarialDocuments;
  }
  if (recipe.evaluation.prompts) {
    lack('evaluation.prompts', recipe.evaluation.prompts.texts.length, 'texts');
    delete next.evaluation.prompts;
  }
  next.phases?.forEach((phase, at) => {
    if (phase.order !== 'difficulty') return;
    lack(`phases.${at + 1}.order`, phase.order, 'order');
    delete phase.order;
  });
  for (const { id, generated, objective } of recipe.channels) {
    if (generated) lack(`channels.${id}.generated`, generated.model, 'generated');
    if (objective) lack(`channels.${id}.objective`, objective.kind, 'objective');
  }
  if (next.regularisation) {
    const kept = translateAnchors(recipe, next.regularisation, lack);
    if (Object.keys(kept).length > 0) next.regularisation = kept;
    else delete next.regularisation;
  }
  if (next.method?.kind === 'partial') {
    const { unfreezing, isolation } = next.method;
    if (unfreezing) lack('method.unfreezing', unfreezing.order, 'unfreezing');
    if (isolation) lack('method.isolation', isolation.unit, 'isolation');
    delete next.method.unfreezing;
    delete next.method.isolation;
    if (next.method.head && !next.method.embeddings) lack('method.head', 'true', 'tiedHead');
  }
  if (next.method?.kind === 'lora' && next.method.quantisation === 'int8') lack('method.quantisation', 'int8', 'int8');
  return { recipe: next, lacks, lack };
}

/** The recipe with as many rows a step as the hardware was given, and lists that it has. */
export function withRows(next: Recipe, { rows, rowsPerGpu }: Hardware, lack: AddLack): void {
  const before = next.batchSize * next.gradientAccumulationSteps;
  if (rows === before) return;
  lack('batchSize × gradientAccumulationSteps', before, 'rows');
  next.batchSize = rowsPerGpu;
  next.gradientAccumulationSteps = rows / rowsPerGpu;
}

function translateAnchors({ method, precision }: Recipe, regularisation: Regularisation, lack: AddLack): Regularisation {
  const kept: Regularisation = { ...regularisation };
  const unheld = method?.kind === 'lora' ? 'adapterNotHeld' : precision === 'f16' ? 'scaledNotHeld' : null;
  if (unheld !== null)
    for (const term of ['l2sp', 'ewc', 'decayTowards'] as const) {
      const value = kept[term];
      if (value === undefined) continue;
      lack(`regularisation.${term}`, typeof value === 'string' ? value : `λ ${value.lambda}`, unheld);
      delete kept[term];
    }
  if (kept.ewc?.online) {
    const { online, ...rest } = kept.ewc;
    lack('regularisation.ewc.online', `γ ${online.gamma}`, 'ewcOnline');
    kept.ewc = rest;
  }
  if (kept.distillation?.teacher === EMA_TEACHER) {
    lack('regularisation.distillation.teacher', EMA_TEACHER, 'emaTeacher');
    delete kept.distillation;
  }
  if (kept.distillation?.states) {
    const { states: _, ...rest } = kept.distillation;
    lack('regularisation.distillation.states', 'present', 'teacherStates');
    kept.distillation = rest;
  }
  return kept;
}

/** Where texts and base lie: files in the folder, which a person may change to a data set or a model of the hub. */
/** Where texts and models lie in the folder. */
export function dataOf({ base, channels, regularisation }: Recipe): object {
  const teacher = regularisation?.distillation?.teacher;
  const of = (folder: string, id: string) => [`data/${folder}/${id}.jsonl*`, `data/${folder}/${id}.parquet`];
  return {
    model: { local: 'model' },
    ...(teacher !== undefined && teacher !== base ? { teacher: { local: 'teacher' } } : {}),
    channels: Object.fromEntries(channels.map(({ id }) => [id, { train: of('train', id), heldOut: of('heldOut', id) }])),
  };
}

function requirements({ method }: Recipe): string {
  const lines = Object.entries(PINS).map(([name, version]) => `${name}==${version}`);
  const quantised = method?.kind === 'lora' && method.quantisation !== undefined;
  return `${[...lines, ...(quantised ? ['bitsandbytes==0.50.2'] : []), '# for configs/zero2.yaml and configs/zero3.yaml: deepspeed==0.19.8'].join('\n')}\n`;
}

/** accelerate's, for one machine. */
function configs({ precision, optimizer, regularisation }: Recipe, processes: number): Record<string, string> {
  const mixed = { f32: 'no', f16: 'fp16', bf16: 'bf16' }[precision];
  const yaml = (type: string, own: readonly string[]) =>
    `${[
      'compute_environment: LOCAL_MACHINE',
      `distributed_type: ${type}`,
      `mixed_precision: '${mixed}'`,
      'machine_rank: 0',
      'num_machines: 1',
      `num_processes: ${processes}`,
      'main_training_function: main',
      'use_cpu: false',
      ...own,
    ].join('\n')}\n`;
  const fsdp = [
    'fsdp_config:',
    '  fsdp_version: 2',
    '  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP',
    '  fsdp_reshard_after_forward: true',
    '  fsdp_offload_params: false',
    // A teacher is whole on every GPU; loaded in this way it would be empty on all but the first.
    `  fsdp_cpu_ram_efficient_loading: ${regularisation?.distillation === undefined}`,
    '  fsdp_state_dict_type: SHARDED_STATE_DICT',
  ];
  const zero = (stage: number) => ({
    zero_optimization: {
      stage,
      overlap_comm: true,
      contiguous_gradients: true,
      ...(stage === 3 ? { stage3_gather_16bit_weights_on_model_save: true } : { reduce_scatter: true }),
    },
    bf16: { enabled: precision === 'bf16' },
    fp16: { enabled: precision === 'f16' },
    gradient_clipping: optimizer.maxGradNorm,
    gradient_accumulation_steps: 'auto',
    train_micro_batch_size_per_gpu: 'auto',
    train_batch_size: 'auto',
  });
  const deepspeed = (stage: number) => [
    'deepspeed_config:',
    `  deepspeed_config_file: configs/zero${stage}.json`,
    `  zero3_init_flag: ${stage === 3}`,
  ];
  return {
    'configs/ddp.yaml': yaml(processes > 1 ? 'MULTI_GPU' : "'NO'", []),
    'configs/fsdp.yaml': yaml('FSDP', fsdp),
    'configs/zero2.yaml': yaml('DEEPSPEED', deepspeed(2)),
    'configs/zero3.yaml': yaml('DEEPSPEED', deepspeed(3)),
    'configs/zero2.json': json(zero(2)),
    'configs/zero3.json': json(zero(3)),
  };
}

const runScript = ({ gpus, strategy, rowsPerGpu, asGiven }: Hardware): string => `#!/usr/bin/env bash
# STRATEGY=ddp|fsdp|zero2|zero3 PROCESSES=n bash run.sh [arguments of train.py]; a run that was cut off goes on from its last checkpoint.
set -euo pipefail
cd "$(dirname "$0")"
STRATEGY="\${STRATEGY:-${strategy}}"
PROCESSES="\${PROCESSES:-${gpus}}"
${asGiven ? `set -- --rows-per-device ${rowsPerGpu} "$@"\n` : ''}if [ "$STRATEGY" = ddp ]; then
  exec torchrun --nproc-per-node "$PROCESSES" --max-restarts "\${RESTARTS:-0}" train.py "$@"
fi
exec accelerate launch --config_file "configs/$STRATEGY.yaml" --num_processes "$PROCESSES" train.py "$@"
`;

const jobScript = (hardware: Hardware): string => `#!/bin/bash
#SBATCH --job-name=crossfade
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=${hardware.gpus}
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --output=slurm-%j.log
#SBATCH --requeue
# Each node needs this folder, on a shared disk. A job that is queued again goes on from the last checkpoint.
set -euo pipefail
cd "\${SLURM_SUBMIT_DIR:-.}"
RENDEZVOUS="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1):29500"
export RENDEZVOUS
srun bash -c '${launch(hardware)}'
`;

function launch({ gpus, strategy, rowsPerGpu, asGiven }: Hardware): string {
  const script = `train.py${asGiven ? ` --rows-per-device ${rowsPerGpu}` : ''}`;
  if (strategy === 'ddp')
    return `torchrun --nnodes "$SLURM_NNODES" --nproc-per-node ${gpus} --rdzv-id "$SLURM_JOB_ID" --rdzv-backend c10d --rdzv-endpoint "$RENDEZVOUS" ${script}`;
  const machines =
    '--num_machines "$SLURM_NNODES" --machine_rank "$SLURM_NODEID" --main_process_ip "${RENDEZVOUS%:*}" --main_process_port 29500';
  return `accelerate launch --config_file configs/${strategy}.yaml ${machines} --num_processes "$((SLURM_NNODES * ${gpus}))" ${script}`;
}

function readme(recipe: Recipe, lacks: readonly Lack[], hardware: Hardware): string {
  const { channels, batchSize, gradientAccumulationSteps, sequenceLength, budget, method } = recipe;
  const shares = channels.map(({ id, role, share }) => `| ${id} | ${role} | ${share} | data/train/${id}.jsonl.gz |`);
  const { gpus, strategy } = hardware;
  const names = { ddp: 'DDP', zero2: 'DeepSpeed ZeRO-2', zero3: 'DeepSpeed ZeRO-3', fsdp: 'FSDP' };
  return `# ${recipe.name}: continued pretraining with transformers and accelerate

Made by Crossfade from a recipe. Steps ${budget.steps}, ${batchSize * gradientAccumulationSteps} rows of ${sequenceLength} tokens a step, ${method ? methodLine(method) : 'all weights trained'}.

    pip install -r requirements.txt
    bash run.sh                       # ${names[strategy]} on ${gpus} processes; PROCESSES=n must divide ${batchSize * gradientAccumulationSteps}
    STRATEGY=fsdp bash run.sh         # or ddp, zero2, zero3 (pip install deepspeed)
    sbatch job.sbatch

## What it needs

\`model/\`: the base "${recipe.base}" in Hugging Face layout, or \`"model": {"hub": "owner/name"}\` in data.json. Texts, named in data.json: files \`.jsonl\`,
\`.jsonl.gz\`, \`.jsonl.zst\` or \`.parquet\` with a column \`text\` (and \`channel\`, which is checked), or
\`{"hub": "owner/name", "config": null, "split": "train", "text": "text"}\`. They are read as streams and tokenised once, into \`cache/\`.

| channel | role | share | text |
| --- | --- | --- | --- |
${shares.join('\n')}

## Not in this target

${lackLines(lacks, 'Nothing: all of the recipe is done.')}

## What comes out

\`run/metrics.jsonl\` and \`run/tensorboard/\` (loss of every channel, token-weighted: sums and counts of all ranks are added before they are divided; held-out
loss, retention), \`run/checkpoints/<step>/\` (weights, optimizer and the place in the data), \`run/final/\`. The same command goes on where a run was cut off.

## The fader

Write \`run/control.json\` while it trains; every rank acts before the same step. What makes no sense is refused with a sentence, and training goes on.

    {"shares": {"${channels.at(-1)!.id}": 0.3}, "schedule": {"peakLr": 0.0001}}

Keys: \`shares\`, \`weights\`, \`schedule\` (in part; shares are scaled to 1), \`step\` (the first that may see it), \`save\`, \`stop\` (true).

## Memory and time, estimated

${estimateTable({ context: sequenceLength, rows: batchSize * gradientAccumulationSteps, steps: budget.steps }, hardware)}

Licence of the code in this folder: Apache-2.0. Texts and models keep their own.
`;
}
