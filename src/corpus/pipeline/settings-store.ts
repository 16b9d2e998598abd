/** The pipeline's settings, kept in this browser, and what speaks against a run with them. */
import type { SourceRecord, WorkshopChannel } from '../../contract/corpus';
import { defaultPipelineSettings, liftPipelineSettings, pipelineSettingsSchema, type PipelineSettings } from '../../core/corpus/settings';
import { plainStorage } from '../../ui/plain-storage';
import { create } from 'zustand';
import { persist } from 'zustand/middleware';

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
  const { normalise, exactDedup, minhashDedup, quality, language, decontaminate } = settings;
  if ([normalise, exactDedup, minhashDedup, quality, language, decontaminate].every(({ enabled }) => !enabled)) warnings.push('nothing-on');
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

interface ProbeFile {
  name: string;
  content: string;
}

export interface PipelineSettingsState {
  /** As the person left them, kept in this browser. */
  settings: PipelineSettings;
  /** Of this visit only: they may be large. */
  probes: ProbeFile[];
  /** Model whose loss orders a curriculum; null: length and term density. Of this visit: it may be removed. */
  base: string | null;
  /** Channels that are left out of the next preparation. */
  without: readonly string[];

  /** Changes fields of one stage. */
  set<Stage extends keyof PipelineSettings>(stage: Stage, change: Partial<PipelineSettings[Stage]>): void;
  setSeed(seed: number): void;
  setBase(base: string | null): void;
  addProbes(files: ProbeFile[]): void;
  removeProbe(name: string): void;
  takePart(channel: string, part: boolean): void;
  reset(): void;
}

export const usePipelineSettings = create<PipelineSettingsState>()(
  persist(
    (set, get) => ({
      settings: defaultPipelineSettings,
      probes: [],
      base: null,
      without: [],
      set(stage, change) {
        const { settings } = get();
        set({ settings: { ...settings, [stage]: { ...(settings[stage] as object), ...change } } });
      },
      setSeed: (seed) => set({ settings: { ...get().settings, seed } }),
      setBase: (base) => set({ base }),
      addProbes: (files) => set({ probes: [...get().probes.filter(({ name }) => !files.some((file) => file.name === name)), ...files] }),
      removeProbe: (name) => set({ probes: get().probes.filter((probe) => probe.name !== name) }),
      takePart: (channel, part) =>
        set({ without: part ? get().without.filter((id) => id !== channel) : [...get().without.filter((id) => id !== channel), channel] }),
      reset: () => set({ settings: defaultPipelineSettings }),
    }),
    {
      name: 'crossfade.pipeline',
      partialize: ({ settings }) => ({ settings }),
      storage: plainStorage(
        { settings: defaultPipelineSettings },
        (json) => ({ settings: parseStored(json) }),
        ({ settings }) => JSON.stringify(settings),
      ),
    },
  ),
);

/** Settings as any version of the page stored them; the defaults where they cannot be read. */
export function parseStored(json: string): PipelineSettings {
  try {
    const parsed = pipelineSettingsSchema.safeParse(liftPipelineSettings(JSON.parse(json)));
    return parsed.success ? parsed.data : defaultPipelineSettings;
  } catch {
    return defaultPipelineSettings;
  }
}
