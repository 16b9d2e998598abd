/** Lessons: those that ship, and those of a person's own; and how far each has come, with the figures and predictions of its steps. */
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import {
  figuresOf,
  holds,
  measuredRun,
  parseLesson,
  stepRecipe,
  type Lesson,
  type LessonStep,
  type RunFigures,
} from '../core/lesson/lesson';
import { encodeRecipe } from '../core/recipe/share-link';
import { isActive, type Prediction } from '../core/run/types';
import type { RunView } from '../core/run/view';
import { mergeKey, readPublic, useMergeCurves } from '../lab/desk-recipes';
import { lab } from '../lab/lab';
import { navigate, hashQuery } from '../ui/hash-location';
import { plainStorage } from '../ui/plain-storage';

interface StepProgress {
  /** Id of its last run. */
  run: string | null;
  prediction: Prediction | null;
  /** Of its last run, once that has ended. */
  figures: RunFigures | null;
  /** What opens the next step has held once. */
  opened: boolean;
}

const BEGUN: StepProgress = { run: null, prediction: null, figures: null, opened: false };
/** Lessons of one's own that are kept. */
const MOST_OWN = 8;

interface Kept {
  /** Lesson → step → how far it has come. */
  progress: Readonly<Record<string, Readonly<Record<string, StepProgress>>>>;
  /** Lesson → its document, of those from a file or an address. */
  own: Readonly<Record<string, string>>;
}

interface LearnStore extends Kept {
  /** Null until they are read. */
  shipped: readonly Lesson[] | null;
  error: ErrorRecord | null;
  load(): Promise<void>;
  /** A lesson from a file or an address, kept; null where it is none. */
  take(source: string, text: string): Lesson | null;
  forget(lesson: string): void;
  note(lesson: string, step: string, change: Partial<StepProgress>): void;
  restart(lesson: string): void;
  report(error: unknown): void;
  dismiss(): void;
}

const NOTHING: Kept = { progress: {}, own: {} };

function readKept(text: string): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(text) as Partial<Kept>) };
  } catch {
    return NOTHING;
  }
}

export const useLearn = create<LearnStore>()(
  persist<LearnStore, [], [], Kept>(
    (set, get) => ({
      ...NOTHING,
      shipped: null,
      error: null,

      async load() {
        if (get().shipped) return;
        try {
          const { lessons } = JSON.parse(await readPublic('lessons/manifest.json')) as { lessons: string[] };
          set({ shipped: await Promise.all(lessons.map(async (file) => parseLesson(file, await readPublic(`lessons/${file}`)))) });
        } catch (error) {
          set({ error: errorRecord(error) });
        }
      },
      take(source, text) {
        try {
          const lesson = parseLesson(source, text);
          const taken = get().shipped?.some(({ id }) => id === lesson.id);
          if (taken)
            throw new StudioError('lesson-invalid', `${source}: id`, { file: source, field: 'id', value: lesson.id, accepted: 'id ≠ id' });
          const others = Object.entries(get().own).filter(([id]) => id !== lesson.id);
          set({ own: Object.fromEntries([...others.slice(1 - MOST_OWN), [lesson.id, text]]), error: null });
          return lesson;
        } catch (error) {
          set({ error: errorRecord(error) });
          return null;
        }
      },
      forget(lesson) {
        const { [lesson]: _, ...own } = get().own;
        set({ own });
      },
      note(lesson, step, change) {
        const all = get().progress;
        const former = all[lesson]?.[step] ?? BEGUN;
        set({ progress: { ...all, [lesson]: { ...all[lesson], [step]: { ...former, ...change } } } });
      },
      restart(lesson) {
        const { [lesson]: _, ...progress } = get().progress;
        set({ progress });
      },
      report: (error) => set({ error: errorRecord(error) }),
      dismiss: () => set({ error: null }),
    }),
    {
      name: 'crossfade.lessons',
      partialize: ({ progress, own }) => ({ progress, own }),
      storage: plainStorage<Kept>(NOTHING, readKept, ({ progress, own }) => JSON.stringify({ progress, own })),
    },
  ),
);

const parsed = new Map<string, Lesson>();

/** Lessons of one's own; one that a newer studio no longer reads is left out. */
export function ownLessons(own: Kept['own']): Lesson[] {
  return Object.entries(own).flatMap(([id, text]) => {
    try {
      const lesson = parsed.get(text) ?? parseLesson(id, text);
      parsed.set(text, lesson);
      return [lesson];
    } catch {
      return [];
    }
  });
}

export const progressOf = ({ progress }: Kept, lesson: string, step: string): StepProgress => progress[lesson]?.[step] ?? BEGUN;

/** Steps that can be gone to: up to the first whose condition has not held. */
export function openSteps(kept: Kept, lesson: Lesson): number {
  const held = lesson.steps.findIndex(({ id, opens }) => opens.length > 0 && !progressOf(kept, lesson.id, id).opened);
  return held < 0 ? lesson.steps.length : held + 1;
}

/** A random seed is drawn once a visit: the runs of a lesson compare, those of two pupils differ. */
let drawn: string | null = null;
const drawnSeed = (): string => (drawn ??= String(crypto.getRandomValues(new Uint32Array(1))[0]!));

/** The desk with the lesson beside it; a seed of the address stays in it. */
export function stepPath(lesson: Lesson, step: LessonStep): string {
  const recipe = stepRecipe(lesson, step);
  const asked = hashQuery().get('seed');
  const seed = asked === 'random' ? drawnSeed() : asked;
  return [
    `/desk?lesson=${lesson.id}&step=${step.id}`,
    ...(recipe ? [`recipe=${encodeRecipe(recipe)}`] : []),
    ...(seed === null ? [] : [`seed=${encodeURIComponent(seed)}`]),
  ].join('&');
}

export const goTo = (lesson: Lesson, step: LessonStep): void => navigate(stepPath(lesson, step));

/** Keeps what a run of the step did: that it is the step's once it trains, its figures and whether they open the next step once it has ended. */
export function followRun(lesson: Lesson, step: LessonStep, run: RunView): void {
  const { progress, note } = useLearn.getState();
  const kept = progressOf({ progress, own: {} }, lesson.id, step.id);
  const trains = isActive(run.state);
  if (!step.set || run.recipe.name !== lesson.recipe.name) return;
  if (trains && kept.run !== run.runId) {
    note(lesson.id, step.id, { run: run.runId, figures: null });
    const { prediction } = kept;
    void lab.library
      .keepLesson(run.runId, { lesson: lesson.id, step: step.id, ...(prediction ? { prediction } : {}) })
      .catch(() => undefined);
  } else if (!trains && kept.run === run.runId) {
    const curve = useMergeCurves.getState()[mergeKey({ base: run.recipe.base, run: run.runId, step: run.step })] ?? [];
    const figures = figuresOf(measuredRun(run, curve));
    if (JSON.stringify(figures) === JSON.stringify(kept.figures)) return;
    const former = formerFigures(lesson, step);
    note(lesson.id, step.id, { figures, opened: kept.opened || step.opens.every((condition) => holds(condition, figures, former)) });
  }
}

/** Of the ended runs of the steps before. */
export function formerFigures(lesson: Lesson, step: LessonStep): Record<string, RunFigures> {
  const kept = useLearn.getState();
  return Object.fromEntries(
    lesson.steps.slice(0, lesson.steps.indexOf(step)).flatMap(({ id }) => {
      const { figures } = progressOf(kept, lesson.id, id);
      return figures ? [[id, figures]] : [];
    }),
  );
}
