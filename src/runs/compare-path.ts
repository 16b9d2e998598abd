import type { RunRecord } from '../core/run/types';

/** The compare page's address: the run's base against a checkpoint of it. */
export function comparePath(run: RunRecord, step: number): string {
  return `/compare?a=model:${encodeURIComponent(run.recipe.base)}&b=run:${encodeURIComponent(run.id)}@${step}`;
}
