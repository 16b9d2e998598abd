/** What stands against a preparation with these settings, and what a person should know before it. */
import type { SourceRecord, WorkshopChannel } from '../../contract/corpus';
import { pipelineSettingsSchema, type PipelineSettings } from '../../core/corpus/settings';

/** `settings`: out of the schema's bounds. */
export type PipelineFault = 'no-channels' | 'words' | 'settings' | 'terms' | 'augment' | 'synonyms';
export type PipelineWarning = 'no-held-out' | 'all-held-out' | 'nothing-on';

export function settingsFaults(settings: PipelineSettings): PipelineFault[] {
  const faults: PipelineFault[] = [];
  const { words } = settings.quality;
  if (settings.quality.enabled && words.least > words.most) faults.push('words');
  const terms = Object.values(settings.terms.lists).flat();
  if (terms.length === 0 && (settings.select.enabled || (settings.terms.enabled && settings.terms.least > 0))) faults.push('terms');
  const { augment } = settings;
  const rates = [augment.deletion, augment.swap, augment.insertion, augment.noise];
  if (augment.enabled && rates.every((rate) => rate === 0) && (augment.synonym === 0 || augment.synonyms.length === 0))
    faults.push('augment');
  if (augment.synonyms.some((group) => group.length === 1)) faults.push('synonyms');
  if (!pipelineSettingsSchema.safeParse(settings).success) faults.push('settings');
  return faults;
}

/** @param channels those that take part */
export function settingsWarnings(
  settings: PipelineSettings,
  channels: readonly WorkshopChannel[],
  sources: readonly SourceRecord[],
): PipelineWarning[] {
  const warnings: PipelineWarning[] = [];
  const ownHeldOut = (id: string) => sources.some((source) => source.channel === id && source.use === 'held-out');
  if ((!settings.split.enabled || settings.split.share === 0) && channels.some(({ id }) => !ownHeldOut(id))) warnings.push('no-held-out');
  if (settings.split.enabled && settings.split.share === 1) warnings.push('all-held-out');
  const { normalise, exact, near, quality, language, decontaminate } = settings;
  if ([normalise, exact, near, quality, language, decontaminate].every(({ enabled }) => !enabled)) warnings.push('nothing-on');
  return warnings;
}

/** Terms, one a line; blank lines and repetitions go. */
export function termLines(text: string): string[] {
  return [...new Set(text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '' && line.length <= 200);
}

/** Groups of words that may stand for one another: a group a line, words parted by commas or tabs. */
export function synonymLines(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .map((line) => [...new Set(line.split(/[,，、\t]/).map((word) => word.trim()))].filter((word) => word !== ''))
    .filter((group) => group.length > 0);
}
