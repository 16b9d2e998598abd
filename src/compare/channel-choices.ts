/** Which channels a comparison offers, and which it starts with. */
import type { CorpusRecord } from '../contract/corpus';
import type { RunRecord } from '../core/run/types';
import type { ComparedChannel } from './summary';

/** Held-out documents per channel: enough for an interval that says something, in some seconds on two cores. */
export const DEFAULT_DOCUMENTS = 32;

/** The run's channels as it named them, then every other corpus under its own id. */
export function channelChoices(run: RunRecord | null, corpora: readonly CorpusRecord[]): ComparedChannel[] {
  const own: ComparedChannel[] = (run?.recipe.channels ?? []).map(({ id, corpus, role }) => ({ id, corpus, role }));
  const taken = new Set(own.flatMap(({ id, corpus }) => [id, corpus]));
  const others = corpora.filter((corpus) => !taken.has(corpus.id)).map(({ id, role }): ComparedChannel => ({ id, corpus: id, role }));
  return [...own, ...others];
}

/** The run's channels; without a run the general channels and the first domain. */
export function defaultChannels(run: RunRecord | null, choices: readonly ComparedChannel[]): string[] {
  if (run) return run.recipe.channels.map((channel) => channel.id);
  const domain = choices.find((channel) => channel.role === 'domain');
  return choices.filter((channel) => channel.role === 'general' || channel === domain).map((channel) => channel.id);
}
