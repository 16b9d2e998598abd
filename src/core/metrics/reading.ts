/**
 * What the curves of a run say, in the words of METHOD 2's table: rules over a snapshot, no model. Each reading is a key and
 * its values; the page has the sentences. The thresholds are in nats per token.
 */
import { ranOutOfMemory } from '../diagnosis/out-of-memory';
import type { ChannelMeter, RunSnapshot, Series } from '../run/types';
import { RETENTION_LINE } from './loss';

export type ReadingKind =
  | 'preparing' // nothing measured yet
  | 'baseline' // only the base has been measured
  | 'out-of-memory'
  | 'diverged' // the loss or its gradient is no number any more
  | 'lr-zero'
  | 'growing' // train loss grows
  | 'oscillating' // held-out loss swings up and down
  | 'forgetting'
  | 'memorising'
  | 'spike' // general channels above base, early
  | 'recovering' // general channels rose and come back
  | 'domain-flat'
  | 'uneven-base' // a general channel starts much higher than the others
  | 'on-course'
  | 'even'; // nothing stands out

export interface Reading {
  kind: ReadingKind;
  /** Channel ids are under `channel`; losses and ratios are numbers. */
  values: Readonly<Record<string, number | string>>;
}

/** A rise of a general channel that counts. */
const RISE = 0.02;
/** A fall of the domain that counts. */
const FALL = 0.05;
/** Train loss this far below held-out loss, after more than an epoch and a half, is memorised text. */
const MEMORISED = 0.35;
/** A swing of the mean held-out loss from one evaluation to the next that counts, and how many in a row make an oscillation. */
const SWING = 0.05;
const SWINGS = 3;
/** Share of the steps within which a spike counts as the start. */
const START = 0.25;
/** A base loss this many times the mean of the other general channels. */
const UNEVEN = 1.35;

/** Readings in order of weight, the first one is the headline. Never empty. */
export function readRun(snapshot: RunSnapshot | null): Reading[] {
  const readings = snapshot ? faults(snapshot) : [];
  if (!snapshot || snapshot.channels.every(({ baseLoss }) => baseLoss === null))
    return readings.length > 0 ? readings : [{ kind: 'preparing', values: {} }];
  const evaluations = Math.max(0, ...snapshot.channels.map(({ id }) => snapshot.heldOut[id]?.x.length ?? 0));
  const growth = trainGrowth(snapshot.train['total']);
  if (growth !== null && growth > 0.15 && readings.length === 0) readings.push({ kind: 'growing', values: { growth } });
  const swing = heldOutSwing(snapshot);
  if (swing !== null && readings.length === 0) readings.push({ kind: 'oscillating', values: { swing } });
  if (evaluations < 2) {
    if (snapshot.settings.schedule.peakLr === 0) readings.push({ kind: 'lr-zero', values: {} });
    readings.push(...unevenBase(snapshot.channels));
    return readings.length > 0 ? readings : [{ kind: 'baseline', values: {} }];
  }
  if (snapshot.settings.schedule.peakLr === 0) readings.push({ kind: 'lr-zero', values: {} });

  const progress = snapshot.steps > 0 ? snapshot.step / snapshot.steps : 0;
  const fall = domainFall(snapshot.channels);
  const general = generalRise(snapshot);
  // What has not come back when the steps are over stays forgotten.
  const recovering = general.recovering && progress < 1;
  const { retention } = snapshot;
  const forgetting = retention !== null && retention < RETENTION_LINE && !recovering;
  if (forgetting)
    readings.push({ kind: 'forgetting', values: { retention, channel: general.worst ?? '', ...(fall === null ? {} : { fall }) } });
  for (const meter of snapshot.channels)
    if (meter.trainLoss !== null && meter.heldOutLoss !== null && meter.epochs > 1.5 && meter.heldOutLoss - meter.trainLoss > MEMORISED)
      readings.push({ kind: 'memorising', values: { channel: meter.id, gap: meter.heldOutLoss - meter.trainLoss, epochs: meter.epochs } });
  if (general.recovering && general.worst !== null && !forgetting)
    readings.push({ kind: 'recovering', values: { channel: general.worst, peak: general.peak, now: general.now } });
  else if (general.now > RISE && progress < START && !forgetting)
    readings.push({ kind: 'spike', values: { channel: general.worst ?? '', now: general.now } });
  if (snapshot.settings.schedule.peakLr > 0 && fall !== null && fall < FALL && progress > 0.4)
    readings.push({ kind: 'domain-flat', values: { fall } });
  if (readings.length === 0)
    readings.push(
      fall !== null && fall >= FALL && (snapshot.retention === null || snapshot.retention >= RETENTION_LINE)
        ? { kind: 'on-course', values: { fall, retention: snapshot.retention ?? 1 } }
        : { kind: 'even', values: {} },
    );
  return [...readings, ...unevenBase(snapshot.channels)];
}

/** What the run failed of, where a setting can mend it. */
function faults({ state, error, step }: RunSnapshot): Reading[] {
  if (state !== 'failed' || !error) return [];
  if (ranOutOfMemory(error)) return [{ kind: 'out-of-memory', values: {} }];
  if (error.code === 'loss-not-finite' || error.code === 'gradient-not-finite') return [{ kind: 'diverged', values: { step } }];
  return [];
}

/** Mean held-out fall of the domain channels against the base, positive when learnt; null without a measured domain channel. */
export function domainFall(channels: readonly ChannelMeter[]): number | null {
  const falls = channels.flatMap(({ role, baseLoss, heldOutLoss }) =>
    role === 'domain' && baseLoss !== null && heldOutLoss !== null ? [baseLoss - heldOutLoss] : [],
  );
  return falls.length === 0 ? null : falls.reduce((sum, fall) => sum + fall, 0) / falls.length;
}

interface GeneralRise {
  /** Channel that is highest above its base now, or was at the peak. */
  worst: string | null;
  /** Highest mean rise over base of any evaluation, and the present one. */
  peak: number;
  now: number;
  /** Rose, and has come back by a quarter of the peak and below the last evaluation. */
  recovering: boolean;
}

function generalRise({ channels, heldOut }: RunSnapshot): GeneralRise {
  const rises = channels.flatMap(({ id, role, baseLoss }) => {
    const series = heldOut[id];
    return role === 'general' && baseLoss !== null && series ? [{ id, rise: series.y.map((loss) => loss - baseLoss) }] : [];
  });
  const length = Math.min(...rises.map(({ rise }) => rise.length));
  if (rises.length === 0 || length === 0) return { worst: null, peak: 0, now: 0, recovering: false };
  const mean = Array.from({ length }, (_, at) => rises.reduce((sum, { rise }) => sum + rise[at]!, 0) / rises.length);
  const now = mean[length - 1]!;
  const peak = Math.max(...mean);
  const at = mean.indexOf(peak);
  const worst = rises.reduce((most, candidate) => (candidate.rise[at]! > most.rise[at]! ? candidate : most)).id;
  return { worst, peak, now, recovering: peak > RISE && at < length - 1 && peak - now >= 0.25 * peak && now <= mean[length - 2]! };
}

/** Mean of the last quarter of the train loss less the mean of its first quarter; null with too few points. */
function trainGrowth(total: Series | undefined): number | null {
  const losses = total?.y.filter((loss) => Number.isFinite(loss)) ?? [];
  if (losses.length < 8) return null;
  const quarter = Math.floor(losses.length / 4);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean(losses.slice(-quarter)) - mean(losses.slice(0, quarter));
}

/** Mean size of the last swings of the held-out loss, all channels alike, when each turns the one before; else null. */
function heldOutSwing({ channels, heldOut }: RunSnapshot): number | null {
  const all = channels.flatMap(({ id }) => heldOut[id] ?? []);
  const length = Math.min(...all.map(({ y }) => y.length));
  if (all.length === 0 || length <= SWINGS) return null;
  const mean = (at: number) => all.reduce((sum, { y }) => sum + y[at]!, 0) / all.length;
  const swings = Array.from({ length: SWINGS }, (_, at) => mean(length - SWINGS + at) - mean(length - SWINGS + at - 1));
  const turning = swings.every((swing, at) => Math.abs(swing) > SWING && (at === 0 || swing * swings[at - 1]! < 0));
  return turning ? swings.reduce((sum, swing) => sum + Math.abs(swing), 0) / SWINGS : null;
}

function unevenBase(channels: readonly ChannelMeter[]): Reading[] {
  const general = channels.flatMap(({ id, role, baseLoss }) => (role === 'general' && baseLoss !== null ? [{ id, baseLoss }] : []));
  if (general.length < 2) return [];
  const highest = general.reduce((most, channel) => (channel.baseLoss > most.baseLoss ? channel : most));
  const others = general.filter((channel) => channel !== highest);
  const mean = others.reduce((sum, { baseLoss }) => sum + baseLoss, 0) / others.length;
  return highest.baseLoss > UNEVEN * mean ? [{ kind: 'uneven-base', values: { channel: highest.id, loss: highest.baseLoss, mean } }] : [];
}
