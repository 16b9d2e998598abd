/** Numbers as a person reads them, in the page's language. Minus is the real sign (U+2212), so that columns align. */
import { useTranslation } from 'react-i18next';

export interface Format {
  /** nats per token, three digits: "3.972". */
  loss(value: number | null): string;
  /** Signed difference of losses: "−0.412", "+0.030". */
  delta(value: number | null): string;
  /** 95 % interval behind its estimate: "[−0.450, −0.371]". */
  interval(interval: { low: number; high: number }, digits?: number): string;
  perplexity(value: number | null): string;
  /** Ratio to "16.7 %". */
  percent(ratio: number | null, digits?: number): string;
  /** Retention, three digits: "0.981". */
  retention(value: number | null): string;
  /** Learning rate: "3.0e-4"; 0 is "0". */
  lr(value: number): string;
  /** Whole number with group separators. */
  count(value: number | null): string;
  /** Short count: "1.2 M", "4.3 K"; Chinese groups by 万. */
  compact(value: number | null): string;
  /** Fixed digits after the point. */
  decimal(value: number | null, digits: number): string;
  bytes(value: number | null): string;
  /** "2 min 10 s", "1 h 4 min". */
  duration(seconds: number | null): string;
  milliseconds(value: number | null): string;
  dateTime(epochMs: number): string;
  /** Day and time without the year, for names: "22 Nov, 01:48". */
  moment(epochMs: number): string;
}

const NONE = '—';
const minus = (text: string) => text.replace('-', '−');

export function createFormat(language: string): Format {
  const fixed = new Map<number, Intl.NumberFormat>();
  const decimal = (value: number | null, digits: number) => {
    if (value === null || Number.isNaN(value)) return NONE;
    if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
    let formatter = fixed.get(digits);
    if (!formatter) {
      formatter = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
      fixed.set(digits, formatter);
    }
    return minus(formatter.format(value));
  };
  const compactFormat = new Intl.NumberFormat(language, { notation: 'compact', maximumSignificantDigits: 3 });
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const moments = new Intl.DateTimeFormat(language, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const chinese = language.startsWith('zh');
  const time = chinese ? { h: ' 小时', min: ' 分', s: ' 秒' } : { h: ' h', min: ' min', s: ' s' };

  return {
    loss: (value) => decimal(value, 3),
    delta: (value) => {
      if (value === null || Number.isNaN(value)) return NONE;
      const text = decimal(Math.abs(value), 3);
      return Number(Math.abs(value).toFixed(3)) === 0 ? `±${text}` : `${value < 0 ? '−' : '+'}${text}`;
    },
    interval: ({ low, high }, digits = 3) => {
      const end = (value: number) => decimal(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value, digits);
      return `[${end(low)}, ${end(high)}]`;
    },
    perplexity: (value) => decimal(value, value !== null && Math.abs(value) >= 100 ? 0 : value !== null && Math.abs(value) >= 10 ? 1 : 2),
    percent: (ratio, digits = 1) => (ratio === null ? NONE : `${decimal(ratio * 100, digits)} %`),
    retention: (value) => decimal(value, 3),
    // 3.0e-4, and 3.15e-4 where the third digit counts.
    lr: (value) => (value === 0 ? '0' : value.toExponential(2).replace(/0e/, 'e')),
    count: (value) => decimal(value, 0),
    compact: (value) => (value === null ? NONE : minus(compactFormat.format(value))),
    decimal,
    bytes: (value) => {
      if (value === null || !Number.isFinite(value)) return NONE;
      const units = ['B', 'KB', 'MB', 'GB', 'TB'];
      const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
      const scaled = value / 1000 ** power;
      return `${decimal(scaled, power === 0 || scaled >= 100 ? 0 : 1)} ${units[power]}`;
    },
    duration: (seconds) => {
      if (seconds === null || !Number.isFinite(seconds)) return NONE;
      const whole = Math.max(0, Math.round(seconds));
      const h = Math.floor(whole / 3600);
      const min = Math.floor((whole % 3600) / 60);
      const s = whole % 60;
      if (h > 0) return `${h}${time.h} ${min}${time.min}`;
      if (min > 0) return `${min}${time.min} ${s}${time.s}`;
      return `${s}${time.s}`;
    },
    milliseconds: (value) => {
      if (value === null || !Number.isFinite(value)) return NONE;
      return value >= 1000 ? `${decimal(value / 1000, 2)}${time.s}` : `${decimal(value, 0)} ms`;
    },
    dateTime: (epochMs) => dates.format(epochMs),
    moment: (epochMs) => moments.format(epochMs),
  };
}

/** By language: a table's every cell asks, and making one is slow. */
const formats = new Map<string, Format>();

export function useFormat(): Format {
  const { language } = useTranslation().i18n;
  const known = formats.get(language);
  if (known) return known;
  const format = createFormat(language);
  formats.set(language, format);
  return format;
}
