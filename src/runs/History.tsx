/** The run's events in the order of their steps, a line each. */
import { CircleDot, CircleStop, Flag, Gauge, Save, SlidersVertical, TrendingUp, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { CheckpointRecord, EvaluationRow, RunRecord } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { runHistory, type HistoryEvent } from './history-events';
import styles from './Detail.module.css';

const ICONS: Record<HistoryEvent['kind'], LucideIcon> = {
  start: Flag,
  shares: SlidersVertical,
  schedule: TrendingUp,
  evaluation: Gauge,
  checkpoint: Save,
  end: CircleStop,
};
const FIELDS = ['kind', 'peakLr', 'minRatio', 'warmup', 'decayRatio', 'decayShape'] as const;

interface Props {
  run: RunRecord;
  evaluations: EvaluationRow[];
  checkpoints: CheckpointRecord[];
}

export function History({ run, evaluations, checkpoints }: Props) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const words = useEventWords();
  const events = runHistory(run, evaluations, checkpoints);
  return (
    <ol className={styles.events} tabIndex={0} aria-label={t('detail.history')}>
      {events.map((event, at) => {
        const Icon = ICONS[event.kind] ?? CircleDot;
        return (
          <li key={at} data-kind={event.kind} title={event.at === null ? undefined : format.dateTime(event.at)}>
            <Icon size={13} aria-hidden />
            <span className={styles.step}>{t('event.step', { step: format.count(event.step) })}</span>
            <span>{words(event)}</span>
          </li>
        );
      })}
    </ol>
  );
}

function useEventWords(): (event: HistoryEvent) => string {
  const { t } = useTranslation('runs');
  const { t: common } = useTranslation();
  const format = useFormat();
  const value = (field: string, shown: string | number) =>
    typeof shown === 'string' ? shown : field === 'peakLr' ? format.lr(shown) : format.decimal(shown, Number.isInteger(shown) ? 0 : 2);
  return (event) => {
    switch (event.kind) {
      case 'start':
        return t('event.start');
      case 'shares': {
        const moves = Object.keys(event.to).map((id) =>
          t('event.share', { channel: id, from: format.percent(event.from[id] ?? 0), to: format.percent(event.to[id] ?? 0) }),
        );
        return `${t('event.shares')} ${moves.join(', ')}`;
      }
      case 'schedule': {
        const field = FIELDS.find((known) => known === event.field);
        return t('event.schedule', {
          field: field ? t(`field.${field}`) : event.field,
          from: value(event.field, event.from),
          to: value(event.field, event.to),
        });
      }
      case 'evaluation':
        return event.retention === null
          ? t('event.evaluation')
          : t('event.evaluationRetention', { retention: format.retention(event.retention) });
      case 'checkpoint':
        return t('event.checkpoint', { bytes: format.bytes(event.bytes), reason: t(`reason.${event.reason}`) });
      case 'end': {
        const state = common(`state.${event.state}`);
        return event.reason === null
          ? t('event.endPlain', { state })
          : t('event.end', { state, reason: common(`stopReason.${event.reason}`) });
      }
    }
  };
}
