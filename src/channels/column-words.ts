/** Columns of a table of runs in the person's language: their names, and how their values are written. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Cell, Column } from '../core/sweep/columns';
import { useFormat } from '../i18n/format';
import { useChannelTag } from './channel';
import { recipeField, recipeValue } from './recipe-words';

export interface ColumnWords {
  name(column: Column): string;
  text(column: Column, value: Cell): string;
  /** Of an axis: with so many digits after the point. */
  tick(column: Column, value: number, digits: number): string;
}

const SWEEP_STATES = ['planned', 'training', 'finished', 'stopped', 'failed', 'dropped'] as const;
const RUN_STATES = ['preparing', 'running', 'paused', 'interrupted'] as const;

/** Names of columns and their values in the person's language. @param step at which losses are read */
export function useColumnWords(step: number | null): ColumnWords {
  const { t } = useTranslation('explore');
  const { t: common } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  return useMemo(() => {
    const nameOf = ({ subject, id }: Column): string => {
      const at = { step: format.count(step) };
      switch (subject.kind) {
        case 'setting': {
          if (subject.path === 'domainShare' || subject.path === 'tokens') return t(`column.${subject.path}`);
          const field = recipeField(subject.path);
          if (!field) return id;
          const bare = field.channel === null ? common(field.key) : common(field.key, { channel: tag(field.channel) });
          return field.phase === undefined ? bare : common('recipePhase', { number: field.phase, field: bare });
        }
        case 'loss':
          return t(`column.loss.${subject.reading}`, { channel: tag(subject.channel), ...at });
        case 'retention':
          return t(subject.reading === 'at' ? 'column.retention.at' : 'column.retention.last', { channel: tag(subject.channel), ...at });
        case 'meanRetention':
        case 'gain':
          return t(`column.${subject.kind}.${subject.reading}`, at);
        case 'gap':
          return t('column.gap', { channel: tag(subject.channel) });
        default:
          return t(`column.${subject.kind}`);
      }
    };
    // Each view offers all columns to choose from.
    const names = new Map<string, string>();
    const name = (column: Column): string => {
      const known = names.get(column.id) ?? nameOf(column);
      names.set(column.id, known);
      return known;
    };
    const number = ({ unit, subject }: Column, value: number): string => {
      if (unit === 'nats') return subject.kind === 'loss' ? format.loss(value) : format.delta(value);
      if (unit === 'ratio') return format.retention(value);
      if (unit === 'share') return format.percent(value);
      if (unit === 'rate') return format.lr(value);
      if (unit === 'count') return format.count(value);
      if (unit === 'seconds') return format.duration(value);
      if (unit === 'date') return format.dateTime(value);
      return String(Number(value.toPrecision(6))).replace('-', '−');
    };
    const stateOf = (value: string): string => {
      const own = SWEEP_STATES.find((state) => state === value);
      const run = RUN_STATES.find((state) => state === value);
      return own ? t(`state.${own}`) : run ? common(`state.${run}`) : value;
    };
    const text = (column: Column, value: Cell): string => {
      if (value === null) return '—';
      if (typeof value === 'number') return number(column, value);
      const { subject } = column;
      if (subject.kind === 'state') return stateOf(value);
      if (subject.kind === 'tags') return value;
      if (subject.kind === 'heldOut') return t(value === 'true' ? 'yes' : 'no');
      const key = subject.kind === 'setting' ? recipeValue(subject.path, value) : null;
      return key ? common(key) : tag(value);
    };
    const tick = (column: Column, value: number, digits: number): string => {
      if (column.unit === 'rate') return format.lr(value);
      if (column.unit === 'share') return format.percent(value, Math.max(0, digits - 2));
      if (column.unit === 'count' || column.unit === 'seconds') return format.compact(value);
      return format.decimal(value, digits);
    };
    return { name, text, tick };
  }, [t, common, format, tag, step]);
}
