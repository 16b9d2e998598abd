/** What fits find, refuse and are made of, in words: every code that src/core/laws gives has a sentence in both languages. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../../channels/channel';
import type { Interval } from '../../core/metrics/statistics';
import type { Finding, Refusal } from '../../core/laws/fit';
import type { Estimate } from '../../core/laws/responses';
import { useFormat, type Format } from '../../i18n/format';

const VARIABLES = ['share', 'lr', 'warmup', 'tokens', 'size', 'epochs', 'loss'] as const;

/** Numbers whose size says how many of something there are. */
const COUNTS: ReadonlySet<string> = new Set(['settings', 'needed', 'folds', 'runs', 'of', 'rank']);

/** Four significant digits, as short as they can be written: 0.2817, 3.0e-4, 131 072. */
export function useFigure(): (value: number) => string {
  const format = useFormat();
  return useCallback((value) => figure(value, format), [format]);
}

function figure(value: number, format: Format): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return format.decimal(value, 0);
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace('-', value < 0 ? '−' : '-');
  if (size >= 1e5) return format.compact(value);
  return format.decimal(value, Math.min(4, Math.max(0, 3 - Math.floor(Math.log10(size || 1)))));
}

/** "0.2817 [0.2753, 0.2918]"; a dash where there is none. */
export function useEstimate(): (estimate: Estimate | null, digits?: number) => string {
  const format = useFormat();
  return (estimate, digits = 3) =>
    estimate === null
      ? '—'
      : `${format.decimal(estimate.value, digits)}${estimate.interval ? ` ${format.interval(estimate.interval, digits)}` : ''}`;
}

/** The same of a share: "71.8 % [70.8, 72.5]". */
export function useShare(): (estimate: Estimate | null) => string {
  const format = useFormat();
  const hundred = ({ low, high }: Interval) => format.interval({ low: 100 * low, high: 100 * high }, 1);
  return (estimate) =>
    estimate === null ? '—' : `${format.percent(estimate.value)}${estimate.interval ? ` ${hundred(estimate.interval)}` : ''}`;
}

export interface LawWords {
  finding(finding: Finding): string;
  refusal(refusal: Refusal): string;
  /** "zh share", "learning rate": what a law depends on, by the name that the core gives it. */
  variable(name: string): string;
}

export function useLawWords(): LawWords {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const tag = useChannelTag();
  const variable = (name: string): string => {
    const [first, ...rest] = name.split(' ');
    const known = VARIABLES.find((one) => one === first);
    if (!known) return name;
    return rest.length > 0 ? t('variable.shareOf', { channel: tag(rest.join(' ')) }) : t(`variable.${known}`);
  };
  const values = (of: Finding['values']): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => {
        if (typeof value === 'number') return [name, COUNTS.has(name) ? format.count(value) : figure(value, format)];
        if (name === 'variable') return [name, variable(value)];
        if (name === 'channel') return [name, tag(value)];
        if (name === 'role') return [name, t(value === 'domain' ? 'role.domain' : 'role.general')];
        if (name === 'law') return [name, t(`law.${value as 'dcpt'}.name`)];
        if (name === 'held') return [name, value.replace(/\b(lr|warmup|tokens|size|epochs)\b/g, (field) => variable(field))];
        return [name, value === '?' ? t('unknown') : value];
      }),
    );
  return {
    variable,
    finding: ({ code, values: of }) => t(`finding.${code}`, values(of)),
    refusal: ({ code, values: of }) => t(`refusal.${code}`, values(of)),
  };
}
