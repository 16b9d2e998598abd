/** metrics.csv of a run: a line per step that was logged or evaluated, a column per channel and figure. */
import type { Recipe } from '../../src/core/recipe/schema';
import type { EvaluationRow, MetricRow } from '../../src/core/run/types';

/** Losses in nats per token; a field is empty where nothing was measured, and NaN or Infinity where that is what was. RFC 4180, lines end in CRLF. */
export function metricsCsv(recipe: Recipe, rows: readonly MetricRow[], evaluations: readonly EvaluationRow[]): string {
  const ids = recipe.channels.map(({ id }) => id);
  const header = [
    ...['step', 'tokens', 'learning_rate', 'gradient_norm', 'step_ms', 'loss_total'],
    ...ids.map((id) => `loss_${id}`),
    ...ids.map((id) => `count_${id}`),
    ...ids.map((id) => `held_out_loss_${id}`),
    'retention',
    ...(recipe.evaluation.probesPerGroup > 0 ? ['forgetting_risk'] : []),
    ...(recipe.precision === 'f16' ? ['loss_scale', 'skipped_steps'] : []),
  ];
  const logged = new Map(rows.map((row) => [row.step, row]));
  const evaluated = new Map(evaluations.map((row) => [row.step, row]));
  const steps = [...new Set([...logged.keys(), ...evaluated.keys()])].sort((a, b) => a - b);
  const lines = steps.map((step) => {
    const row = logged.get(step);
    const evaluation = evaluated.get(step);
    return [
      ...[step, row?.tokens, row?.lr, row?.gradNorm, row?.stepMs, row?.total ?? row?.notFinite?.['total']],
      ...ids.map((id) => row?.loss[id] ?? row?.notFinite?.[id]),
      ...ids.map((id) => row?.count[id]),
      ...ids.map((id) => evaluation?.channels[id]?.loss),
      evaluation?.retention,
      ...(recipe.evaluation.probesPerGroup > 0 ? [evaluation?.probes?.risk?.value] : []),
      ...(recipe.precision === 'f16' ? [row?.lossScale, row?.skippedSteps] : []),
    ];
  });
  return [header, ...lines].map((line) => `${line.map((value) => value ?? '').join(',')}\r\n`).join('');
}
