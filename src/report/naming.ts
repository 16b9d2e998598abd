/** Channels, weights and estimates as a report writes them, in one language. */
import { isOwnId } from '../channels/channel';
import { recipeField, recipeValue } from '../channels/recipe-words';
import { CHANNEL_COLOURS, WEIGHTS_COLOURS } from '../charts/paper';
import type { Interval } from '../core/metrics/statistics';
import type { Estimate } from '../core/metrics/text-measure';
import type { RecipeDifference } from '../core/recipe/diff';
import type { Cell, Tone } from './document';
import type { Report, ReportWeights } from './report';
import type { ReportWords } from './words';

export interface Naming {
  channel(id: string): string;
  /** Where there is little room: the id that a person gave, else the name. */
  channelTag(id: string): string;
  corpus(id: string): string;
  channelColour(id: string): string;
  channelCell(id: string): Cell;
  /** "A: nano, base" */
  weights(weights: ReportWeights): string;
  weightsColour(letter: ReportWeights['letter']): string;
  /** "[−0.450, −0.371]", or nothing. */
  interval(interval: Interval | null, write: (value: number) => string): string;
  /** "−0.412 [−0.450, −0.371]"; a dash where there is no figure. */
  estimate(estimate: Estimate | null | undefined, write: (value: number) => string, tone?: Tone): Cell;
  /** A field of a recipe in words, with its values. */
  difference(difference: RecipeDifference): { field: string; from: string; to: string };
}

export function createNaming(report: Report, words: ReportWords): Naming {
  const { format, t } = words;
  const corpus = (id: string) =>
    report.channels.find((one) => one.corpus === id)?.name ??
    (words.has(`channel.${id}`) ? t(`channel.${id}`) : isOwnId(id) ? t('removedChannel') : id);
  const channel = (id: string) => {
    if (id === 'total') return t('curves.total');
    const known = report.channels.find((one) => one.id === id);
    if (!known) return isOwnId(id) ? t('removedChannel') : id;
    const name = corpus(known.corpus);
    return name === id || isOwnId(id) ? name : t('channels.named', { name, id });
  };
  const channelColour = (id: string) =>
    CHANNEL_COLOURS[id === 'total' ? 'total' : (report.channels.find((one) => one.id === id)?.colour ?? 'total')];
  const interval = (range: Interval | null, write: (value: number) => string) =>
    range === null ? '' : `[${write(range.low)}, ${write(range.high)}]`;
  return {
    channel,
    channelTag: (id) => (id === 'total' || isOwnId(id) ? channel(id) : id),
    corpus,
    channelColour,
    channelCell: (id) => ({ text: channel(id), colour: channelColour(id) }),
    weights: ({ letter, name, step, average }) =>
      step === null
        ? t('weights.base', { letter, name })
        : t(average ? 'weights.average' : 'weights.step', { letter, name, step: format.count(step) }),
    weightsColour: (letter) => WEIGHTS_COLOURS['ABC'.indexOf(letter)]!,
    interval,
    estimate: (estimate, write, tone) => {
      if (!estimate || !Number.isFinite(estimate.value)) return '—';
      const text = write(estimate.value);
      if (estimate.interval === null) return tone ? { text, tone } : text;
      return { text, note: interval(estimate.interval, write), ...(tone ? { tone } : {}) };
    },
    difference: ({ field, a, b }) => {
      const known = recipeField(field);
      const share = known?.key === 'recipeChannel.share';
      const shown = (value: string) => {
        const key = recipeValue(field, value);
        if (key) return t(key);
        const amount = Number(value);
        if (value === '' || Number.isNaN(amount)) return value;
        return share ? format.percent(amount) : field.endsWith('schedule.peakLr') ? format.lr(amount) : String(amount);
      };
      const bare = known ? t(known.key, known.channel === null ? {} : { channel: channel(known.channel) }) : field;
      const name = known?.phase === undefined ? bare : t('recipePhase', { number: known.phase, field: bare });
      return { field: name, from: shown(a), to: shown(b) };
    },
  };
}
