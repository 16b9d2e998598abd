/** The pipeline's settings as the person left them, kept in this browser, and the probe files given for decontamination. */
import { create } from 'zustand';
import { defaultPipelineSettings, pipelineSettingsSchema, type PipelineSettings } from '../../core/corpus/settings';

const STORED = 'crossfade.pipeline';

interface ProbeFile {
  name: string;
  content: string;
}

export interface PipelineSettingsState {
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

export const usePipelineSettings = create<PipelineSettingsState>()((set, get) => {
  const keep = (settings: PipelineSettings) => {
    set({ settings });
    try {
      localStorage.setItem(STORED, JSON.stringify(settings));
    } catch {
      // A list of terms can be larger than what a page may keep; the settings then hold for this visit.
    }
  };
  return {
    settings: stored(),
    probes: [],
    base: null,
    without: [],
    set(stage, change) {
      const { settings } = get();
      keep({ ...settings, [stage]: { ...(settings[stage] as object), ...change } });
    },
    setSeed: (seed) => keep({ ...get().settings, seed }),
    setBase: (base) => set({ base }),
    addProbes: (files) => set({ probes: [...get().probes.filter(({ name }) => !files.some((file) => file.name === name)), ...files] }),
    removeProbe: (name) => set({ probes: get().probes.filter((probe) => probe.name !== name) }),
    takePart: (channel, part) =>
      set({ without: part ? get().without.filter((id) => id !== channel) : [...get().without.filter((id) => id !== channel), channel] }),
    reset: () => keep(defaultPipelineSettings),
  };
});

function stored(): PipelineSettings {
  try {
    const parsed = pipelineSettingsSchema.safeParse(JSON.parse(localStorage.getItem(STORED) ?? '{}'));
    return parsed.success ? parsed.data : defaultPipelineSettings;
  } catch {
    return defaultPipelineSettings;
  }
}
