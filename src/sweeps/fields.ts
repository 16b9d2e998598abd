/**
 * Fields of a recipe that a sweep can vary, read off the recipe's schema so that a new field is offered without a list of its own, and the
 * words in which fields, settings and values of planned runs are shown.
 */
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { recipeField, recipeValue } from '../channels/recipe-words';
import { stepTokens } from '../core/recipe/before-run';
import { objectiveWeights } from '../core/recipe/edits';
import { recipeSchema, type Recipe } from '../core/recipe/schema';
import type { SweepCost } from '../core/sweep/plan';
import type { SweepRun } from '../core/sweep/record';
import { useFormat } from '../i18n/format';

export interface SweepField {
  /** Path as a plan has it: `schedule.peakLr`, `channels.domain.share`, `domainShare`. */
  path: string;
  kind: 'number' | 'integer' | 'choice';
  /** Of a choice. */
  choices: readonly (string | boolean)[];
  /** The base recipe's value; null where it leaves the field out. */
  base: number | string | boolean | null;
}

/** Not what a run is like: its format and name, the model (losses of two models are no points of one law), and what a sweep has itself. */
const LEFT_OUT: ReadonlySet<string> = new Set(['version', 'name', 'base', 'runnable', 'seed', 'phases', 'channels']);

/** What of zod's description of a schema is read here. */
interface Definition {
  type: string;
  shape?: Record<string, Described>;
  innerType?: Described;
  entries?: Record<string, string>;
  values?: (string | boolean)[];
  options?: Described[];
  format?: string;
}
interface Described {
  _zod: { def: Definition };
}
type Branch = Record<string, unknown>;
const isBranch = (value: unknown): value is Branch => value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * Leaves of a schema that are numbers or choices.
 * @param value of the base recipe at this place: of alternatives that are told apart by a name (`method.kind`), the one that the base has
 */
function leaves(schema: Described, path: string, value: unknown): SweepField[] {
  const { def } = schema._zod;
  const base = typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null;
  const choice = (choices: readonly (string | boolean)[]): SweepField[] =>
    choices.length > 1 ? [{ path, kind: 'choice', choices, base }] : [];
  switch (def.type) {
    case 'default':
    case 'optional':
    case 'nullable':
      return leaves(def.innerType!, path, value);
    case 'number':
      return [{ path, kind: def.format === 'safeint' ? 'integer' : 'number', choices: [], base }];
    case 'boolean':
      return choice([true, false]);
    case 'enum':
      return choice(Object.values(def.entries!));
    case 'object':
      return Object.entries(def.shape!).flatMap(([key, inner]) =>
        path === '' && LEFT_OUT.has(key)
          ? []
          : leaves(inner, path === '' ? key : `${path}.${key}`, isBranch(value) ? value[key] : undefined),
      );
    case 'union': {
      const options = def.options!.filter(({ _zod }) => _zod.def.type === 'object');
      if (options.length === 0) return def.options!.flatMap((option) => leaves(option, path, value)).slice(0, 1);
      const literals = (option: Described) =>
        Object.entries(option._zod.def.shape!).flatMap(([key, { _zod }]) =>
          _zod.def.type === 'literal' ? [{ key, name: _zod.def.values![0]! }] : [],
        );
      const key = literals(options[0]!)[0]?.key;
      const chosen = options.find((option) => isBranch(value) && literals(option).some(({ name }) => name === value[key ?? '']));
      // Without one of them nothing within is known: `method.r` begins no method.
      if (key === undefined || !chosen) return [];
      const names = options.flatMap((option) => literals(option).map(({ name }) => name));
      return [
        { path: `${path}.${key}`, kind: 'choice', choices: names, base: (value as Branch)[key] as string },
        ...leaves(chosen, path, value),
      ];
    }
    default:
      return [];
  }
}

/** All fields that a sweep over this recipe can vary; mixtures first, then in the recipe's order. */
export function sweepFields(base: Recipe): SweepField[] {
  const number = (path: string, value: number | null, kind: 'number' | 'integer' = 'number'): SweepField => ({
    path,
    kind,
    choices: [],
    base: value,
  });
  const roles = new Set(base.channels.map(({ role }) => role));
  const domain = base.channels.reduce((sum, { role, share }) => sum + (role === 'domain' ? share : 0), 0);
  const rest = leaves(recipeSchema as unknown as Described, '', base);
  return [
    ...(roles.size === 2 ? [number('domainShare', domain)] : []),
    ...base.channels.map(({ id, share }) => number(`channels.${id}.share`, share)),
    ...(objectiveWeights(base) ? base.channels.map(({ id, weight }) => number(`channels.${id}.weight`, weight ?? null)) : []),
    number('tokens', base.budget.steps * stepTokens(base), 'integer'),
    ...rest.filter(({ path }) => !path.endsWith('.unit')),
  ];
}

const isShare = (path: string): boolean => path === 'domainShare' || /^channels\..+\.(share|weight)$/.test(path);

/** A field's name as the desk has it. */
export function useFieldName(): (path: string) => string {
  const { t } = useTranslation();
  const { t: own } = useTranslation('sweeps');
  const tag = useChannelTag();
  return useCallback(
    (path) => {
      if (path === 'domainShare' || path === 'tokens' || path === 'mixture' || path === 'seeds') return own(`field.${path}`);
      const known = recipeField(path);
      if (!known) return path;
      return known.channel === null ? t(known.key) : t(known.key, { channel: tag(known.channel) });
    },
    [t, own, tag],
  );
}

type SettingValue = SweepRun['setting'][string];

/** A value of a setting: shares in percent, rates as powers of ten, choices in words, a whole mixture channel by channel. */
export function useValueText(): (path: string, value: SettingValue) => string {
  const { t } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  return useCallback(
    (path, value) => {
      if (typeof value === 'number') {
        if (isShare(path)) return format.percent(value);
        if (path === 'tokens') return format.compact(value);
        if (path.endsWith('peakLr') || (value !== 0 && Math.abs(value) < 1e-3)) return format.lr(value);
        return String(Number(value.toPrecision(5)));
      }
      if (isBranch(value))
        return Object.entries(value as Record<string, number>)
          .map(([channel, share]) => `${tag(channel)} ${format.percent(share)}`)
          .join(' · ');
      const key = recipeValue(path, String(value));
      return key ? t(key) : String(value);
    },
    [t, format, tag],
  );
}

/** A planned run in words: what sets it apart from the base recipe. */
export function useSettingText(): (run: Pick<SweepRun, 'setting' | 'measured' | 'index'>) => string {
  const { t } = useTranslation('sweeps');
  const name = useFieldName();
  const value = useValueText();
  return useMemo(
    () =>
      ({ setting, measured, index }) => {
        const words = Object.entries(setting).map(([path, at]) => `${name(path)} ${value(path, at)}`);
        if (words.length > 0) return words.join(' · ');
        if (!measured) return t('run.base');
        return (
          measured.name ??
          (Object.keys(measured.shares).length > 0 ? value('mixture', measured.shares) : t('run.number', { number: index + 1 }))
        );
      },
    [t, name, value],
  );
}

/** "about 4 min 10 s (3 min 50 s to 5 min)". */
export function useTimeText(): (minutes: NonNullable<SweepCost['minutes']>) => string {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  return useCallback(
    ({ value, interval }) => {
      const time = (minutes: number) => format.duration(minutes * 60);
      return t('cost.time', { time: time(value), low: time(interval.low), high: time(interval.high) });
    },
    [t, format],
  );
}
