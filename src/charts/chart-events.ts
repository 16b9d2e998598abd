/** A run's events as the loss chart shows them: those with a line and a label across the curves, and those in the lane below. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { bendsSchedule, byRule, joinDrags, SHAPE_FIELDS, type RunEvent, type WarmupSetting } from '../core/run/events';
import { useFormat } from '../i18n/format';

/** An event drawn across the curves. */
export interface PlotEvent {
  step: number;
  label: string;
  /** Drawn without its label: a pause changes nothing. */
  quiet: boolean;
  /** What happened, all of it. */
  event: RunEvent;
}

export type LaneEvent = Extract<RunEvent, { type: 'evaluation' | 'checkpoint' }>;

/** Changes of one setting within this share of the run are one move. */
const NEAR = 0.02;
/** Shares are shown to a tenth of a percent: what moved less is not shown. */
const LEAST_MOVE = 5e-4;

export function laneEvents(events: readonly RunEvent[]): LaneEvent[] {
  return events.filter((event) => event.type === 'evaluation' || event.type === 'checkpoint');
}

/** Events across the curves with drags joined; what came back to where it was, and the end by the budget, are left out. @param steps of the run */
export function curveEvents(events: readonly RunEvent[], steps: number): RunEvent[] {
  return joinDrags(events, Math.max(1, steps * NEAR)).filter((event) => {
    switch (event.type) {
      case 'mixture':
      case 'objective':
        // What a rule moves is drawn as lines of their own.
        return !byRule(event) && Math.abs(largestMove(event).by) >= LEAST_MOVE;
      case 'learning-rate':
        return event.before !== event.after;
      case 'warmup':
        return event.before.steps !== event.after.steps;
      case 'schedule':
        return bendsSchedule(event);
      case 'stopped':
        return event.reason !== 'budget';
      case 'paused':
      case 'resumed':
      case 'extended':
      case 'forked':
      case 'phase':
      case 'failed':
      case 'unfrozen':
      case 'skipped-steps':
        return true;
      default:
        return false;
    }
  });
}

/** The channel whose share or weight moved most, for a short label. */
export function largestMove({ before, after }: Extract<RunEvent, { type: 'mixture' | 'objective' }>): { channel: string; by: number } {
  const moves = Object.keys(after).map((channel) => ({ channel, by: after[channel]! - (before[channel] ?? 0) }));
  return moves.reduce((most, move) => (Math.abs(move.by) > Math.abs(most.by) ? move : most));
}

const percent = (share: number) => String(Number((share * 100).toFixed(1)));

export function usePlotEvents(events: readonly RunEvent[], steps: number): PlotEvent[] {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const tag = useChannelTag();
  return useMemo(() => {
    const label = (event: RunEvent): string => {
      switch (event.type) {
        case 'mixture':
        case 'objective': {
          const { channel } = largestMove(event);
          return t(`event.${event.type}`, {
            channel: tag(channel),
            from: percent(event.before[channel] ?? 0),
            to: percent(event.after[channel]!),
          });
        }
        case 'learning-rate':
          return t('event.learning-rate', { from: format.lr(event.before), to: format.lr(event.after) });
        case 'warmup':
          return t('event.warmup', { from: format.count(event.before.steps), to: format.count(event.after.steps) });
        case 'schedule': {
          const [from, to] = [t(`schedule.${event.before.kind}`), t(`schedule.${event.after.kind}`)];
          return from === to ? t('event.scheduleShape', { kind: to }) : t('event.schedule', { from, to });
        }
        case 'skipped-steps':
          return t('skippedSteps', { count: event.after - event.before });
        case 'extended':
          return t('event.extended', { steps: format.count(event.after) });
        case 'phase': {
          const number = event.index + 1;
          return event.name === null ? t('event.phase', { number }) : t('event.phaseNamed', { number, name: event.name });
        }
        case 'unfrozen':
          return t('event.unfrozen', { parts: event.parts.join(', ') });
        case 'forked':
        case 'paused':
        case 'resumed':
        case 'stopped':
        case 'failed':
          return t(`event.${event.type}`);
        default:
          return '';
      }
    };
    return curveEvents(events, steps).map((event) => ({
      step: event.step,
      label: label(event),
      quiet: event.type === 'paused' || event.type === 'resumed',
      event,
    }));
  }, [events, steps, t, format, tag]);
}

/** An event as a sentence, with all that it changed. */
export function useEventWords(): (event: RunEvent) => string {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const written = (value: string | number) => (typeof value === 'string' ? value : format.decimal(value, Number.isInteger(value) ? 0 : 2));
  const warmup = ({ unit, value }: WarmupSetting) =>
    unit === 'ratio' ? format.percent(value) : t('happened.warmupSteps', { count: value });
  const words = (event: RunEvent): string => {
    switch (event.type) {
      case 'started':
        return t('happened.start');
      case 'mixture':
      case 'objective': {
        const moves = Object.entries(event.after).map(([id, to]) =>
          t('happened.share', { channel: tag(id), from: format.percent(event.before[id] ?? 0), to: format.percent(to) }),
        );
        const by = event.type === 'objective' ? t('happened.weights') : event.rule ? t('happened.sharesByRule') : t('happened.shares');
        return `${by} ${moves.join(', ')}`;
      }
      case 'learning-rate':
        return t('happened.schedule', { field: t('settingField.peakLr'), from: format.lr(event.before), to: format.lr(event.after) });
      case 'warmup':
        return t('happened.schedule', { field: t('settingField.warmup'), from: warmup(event.before), to: warmup(event.after) });
      case 'schedule':
        return SHAPE_FIELDS.filter((field) => event.before[field] !== event.after[field])
          .map((field) =>
            t('happened.schedule', {
              field: t(`settingField.${field}`),
              from: written(event.before[field]),
              to: written(event.after[field]),
            }),
          )
          .join(', ');
      case 'evaluation':
        return event.retention === null
          ? t('happened.evaluation')
          : t('happened.evaluationRetention', { retention: format.retention(event.retention) });
      case 'checkpoint':
        return t('happened.checkpoint', { bytes: format.bytes(event.bytes), reason: t(`saved.${event.reason}`) });
      case 'skipped-steps':
        return t('happened.skipped', { count: event.after - event.before, scale: format.count(event.lossScale) });
      case 'paused':
        return common('state.paused');
      case 'resumed':
        return t('happened.resumed');
      case 'extended':
        return t('happened.extended', { from: format.count(event.before), to: format.count(event.after) });
      case 'unfrozen':
        return t('happened.unfrozen', { parts: event.parts.join(', ') });
      case 'stopped': {
        const state = common(event.reason === 'budget' ? 'state.finished' : 'state.stopped');
        return t('happened.end', { state, reason: common(`stopReason.${event.reason}`) });
      }
      case 'failed':
        return t('happened.end', { state: common('state.failed'), reason: common('stopReason.error') });
      case 'interrupted':
        return common('state.interrupted');
      case 'forked':
        return t('happened.forked', { name: event.name });
      case 'phase': {
        const number = event.index + 1;
        const begins = event.name === null ? t('happened.phase', { number }) : t('happened.phaseNamed', { number, name: event.name });
        return [begins, ...event.changes.map(words)].filter((part) => part !== '').join(' · ');
      }
    }
  };
  return words;
}
