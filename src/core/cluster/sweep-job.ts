/**
 * A sweep as a job of an engine that others run: Ray Tune, an array of SLURM, or SkyPilot. Each takes the planned runs as they are, so that
 * every run is one that the studio would have trained; results come back as runs.csv, which the import of measured runs reads.
 */
import type { SweepPlan } from '../sweep/schema';
import { plannedRuns } from '../sweep/plan';
import { GPUS, hardwareOf, type HardwareInput } from './estimate';
import { exportToTransformers, type ClusterFolder } from './export';
import type { Lack } from './lacks';
import sweepPy from './templates/sweep.py?raw';

export const SWEEP_TARGETS = ['ray', 'slurm', 'skypilot'] as const;
export type SweepTarget = (typeof SWEEP_TARGETS)[number];

/** Fields that stand in columns of their own in runs.csv. */
const OWN_COLUMNS = /^(mixture|domainShare|tokens|budget\.steps|schedule\.peakLr|schedule\.warmup\.value|channels\..+\.share)$/;

/** @throws StudioError `sweep-invalid`, `recipe-invalid` */
export function exportSweep(plan: SweepPlan, target: SweepTarget, given: HardwareInput = {}): ClusterFolder {
  const runs = plannedRuns(plan).map(({ index, setting, seed, recipe }) => ({
    index,
    setting,
    seed,
    ...exportToTransformers(recipe, given),
  }));
  const { files, lacks: ofBase } = exportToTransformers(plan.base, given);
  const lacks = [...ofBase, ...runs.flatMap((run) => run.lacks)];
  const { 'job.sbatch': _job, 'README.md': readme, ...shared } = files;
  const space = {
    name: plan.name,
    axes: plan.axes,
    halving: plan.halving ?? null,
    columns: [...new Set(runs.flatMap(({ setting }) => Object.keys(setting)))].filter((field) => !OWN_COLUMNS.test(field)),
    runs: runs.map(({ index, setting, seed }) => ({ index, setting, seed })),
  };
  const { gpu, gpus, asGiven } = hardwareOf(plan.base, given);
  const machine = {
    gpus: asGiven ? gpus : gpusFor(plan.base.batchSize * plan.base.gradientAccumulationSteps),
    gpu: asGiven ? GPUS[gpu].sky : 'A100-80GB',
  };
  const own = {
    ray: { 'requirements.txt': `${shared['requirements.txt']}ray[tune]==2.60.0\n` },
    slurm: { 'sweep.sbatch': arrayScript(runs.length, machine.gpus) },
    skypilot: { 'sky.yaml': skyYaml(plan.name, runs.length, machine) },
  }[target];
  return {
    files: {
      ...shared,
      'sweep.py': sweepPy,
      'sweep.json': `${JSON.stringify(space, null, 2)}\n`,
      ...Object.fromEntries(runs.map((run) => [`recipes/${run.index}.json`, run.files['recipe.json']!])),
      ...own,
      'README.md': sweepReadme(readme!, target, runs.length),
    },
    lacks: lacks.filter((lack, at) => lacks.findIndex((other) => sameLack(lack, other)) === at),
  };
}

const sameLack = (one: Lack, other: Lack): boolean => one.field === other.field && one.value === other.value;

/** GPUs of one machine that share a step's rows evenly. */
const gpusFor = (rows: number): number => [8, 4, 2, 1].find((count) => rows % count === 0)!;

const arrayScript = (runs: number, gpus: number): string => `#!/bin/bash
#SBATCH --job-name=crossfade-sweep
#SBATCH --array=0-${runs - 1}%8
#SBATCH --nodes=1
#SBATCH --gpus-per-node=${gpus}
#SBATCH --cpus-per-task=16
#SBATCH --time=08:00:00
#SBATCH --output=slurm-%A_%a.log
#SBATCH --requeue
# A run a task. Make cache/ first, once: python sweep.py prepare. Afterwards: python sweep.py collect.
set -euo pipefail
cd "\${SLURM_SUBMIT_DIR:-.}"
RUN="$SLURM_ARRAY_TASK_ID"
torchrun --standalone --nproc-per-node ${gpus} train.py --recipe "recipes/$RUN.json" --out "runs/$RUN"
`;

const skyYaml = (name: string, runs: number, { gpus, gpu }: { gpus: number; gpu: string }): string => `name: ${
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'sweep'
}
# sky launch sky.yaml: each node trains its part of the runs; one node collects what lies on its own disk.
resources:
  accelerators: ${gpu}:${gpus}
num_nodes: 1
workdir: .
setup: pip install -r requirements.txt
run: |
  set -e
  for RUN in $(seq "$SKYPILOT_NODE_RANK" "$SKYPILOT_NUM_NODES" ${runs - 1}); do
    torchrun --standalone --nproc-per-node ${gpus} train.py --recipe "recipes/$RUN.json" --out "runs/$RUN"
  done
  python sweep.py collect
`;

function sweepReadme(readme: string, target: SweepTarget, runs: number): string {
  const commands = {
    ray: 'python sweep.py ray --workers 2      # --gpus-per-run n, --cpus-per-run n; a cluster of Ray is joined by --address auto',
    slurm: 'python sweep.py prepare && sbatch sweep.sbatch\n    python sweep.py collect              # when the array has ended',
    skypilot: 'sky launch sky.yaml',
  }[target];
  const about = `## The sweep

${runs} planned runs: sweep.json names their settings, recipes/ holds a recipe each. Every run is one of the studio's: same rows, same schedule, same losses.

    ${commands}

runs.csv has a row a run, the base's losses first; the studio's Sweeps page reads it, and so does pandas.

`;
  return readme.replace('## What it needs', `${about}## What it needs`);
}
