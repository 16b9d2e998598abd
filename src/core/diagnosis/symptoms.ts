/**
 * What the curves and events of a run show, by the rules of METHOD 2's table. A symptom is a key and its values; the page has the
 * sentences. The thresholds are in nats per token.
 */
import type { ErrorRecord } from '../errors';
import { RETENTION_LINE, retainedChannels } from '../metrics/loss';
import type { Series } from '../metrics/series';
import type { ChannelMeter, RunView } from '../run/view';

/** V8's allocation failures, wasm's grow and its allocator's abort, WebGPU's out-of-memory error and the reasons of a lost device. */
const OUT_OF_MEMORY =
  /out[ -]of[ -]memory|allocation fail|array buffer allocation|invalid (typed )?array (buffer )?length|cannot enlarge memory|memory\.grow|\boom\b|E_OUTOFMEMORY/i;

/** Did a run end because memory ran out? Browsers and backends each have their own message for it. */
function ranOutOfMemory({ code, message, values }: Pick<ErrorRecord, 'code' | 'message' | 'values'>): boolean {
  return (
    (code === 'internal' || code === 'device-lost' || code === 'worker-crashed') &&
    OUT_OF_MEMORY.test(`${message} ${values['detail'] ?? ''}`)
  );
}

export type SymptomKind =
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

export interface Symptom {
  kind: SymptomKind;
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

/** In order of weight, the first one is the headline. Never empty: `even` where nothing stands out. */
export function detectSymptoms(run: RunView | null): Symptom[] {
  const symptoms = run ? faults(run) : [];
  if (!run || run.channels.every(({ baseLoss }) => baseLoss === null))
    return symptoms.length > 0 ? symptoms : [{ kind: 'preparing', values: {} }];
  const evaluations = Math.max(0, ...run.channels.map(({ id }) => run.heldOut[id]?.x.length ?? 0));
  const growth = trainGrowth(run.train['total']);
  if (growth !== null && growth > 0.15 && symptoms.length === 0) symptoms.push({ kind: 'growing', values: { growth } });
  const swing = heldOutSwing(run);
  if (swing !== null && symptoms.length === 0) symptoms.push({ kind: 'oscillating', values: { swing } });
  if (evaluations < 2) {
    if (run.settings.schedule.peakLr === 0) symptoms.push({ kind: 'lr-zero', values: {} });
    symptoms.push(...unevenBase(run.channels));
    return symptoms.length > 0 ? symptoms : [{ kind: 'baseline', values: {} }];
  }
  if (run.settings.schedule.peakLr === 0) symptoms.push({ kind: 'lr-zero', values: {} });

  const progress = run.steps > 0 ? run.step / run.steps : 0;
  const fall = domainFall(run.channels);
  const general = generalRise(run);
  // What has not come back when the steps are over stays forgotten.
  const recovering = general.recovering && progress < 1;
  const { retention } = run;
  const forgetting = retention !== null && retention < RETENTION_LINE && !recovering;
  if (forgetting)
    symptoms.push({ kind: 'forgetting', values: { retention, channel: general.worst ?? '', ...(fall === null ? {} : { fall }) } });
  for (const meter of run.channels)
    if (meter.trainLoss !== null && meter.heldOutLoss !== null && meter.epochs > 1.5 && meter.heldOutLoss - meter.trainLoss > MEMORISED)
      symptoms.push({ kind: 'memorising', values: { channel: meter.id, gap: meter.heldOutLoss - meter.trainLoss, epochs: meter.epochs } });
  if (general.recovering && general.worst !== null && !forgetting)
    symptoms.push({ kind: 'recovering', values: { channel: general.worst, peak: general.peak, now: general.now } });
  else if (general.now > RISE && progress < START && !forgetting)
    symptoms.push({ kind: 'spike', values: { channel: general.worst ?? '', now: general.now } });
  if (run.settings.schedule.peakLr > 0 && fall !== null && fall < FALL && progress > 0.4)
    symptoms.push({ kind: 'domain-flat', values: { fall } });
  if (symptoms.length === 0)
    symptoms.push(
      fall !== null && fall >= FALL && (run.retention === null || run.retention >= RETENTION_LINE)
        ? { kind: 'on-course', values: { fall, retention: run.retention ?? 1 } }
        : { kind: 'even', values: {} },
    );
  return [...symptoms, ...unevenBase(run.channels)];
}

/** What the run failed of, where a setting can mend it. */
function faults({ state, step, events }: RunView): Symptom[] {
  const failure = state === 'failed' ? events.findLast((event) => event.type === 'failed') : undefined;
  if (!failure) return [];
  const { error } = failure;
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

function generalRise({ channels, heldOut }: RunView): GeneralRise {
  const rises = retainedChannels(channels).flatMap(({ id, baseLoss }) => {
    const series = heldOut[id];
    return baseLoss !== null && series ? [{ id, rise: series.y.map((loss) => loss - baseLoss) }] : [];
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
function heldOutSwing({ channels, heldOut }: RunView): number | null {
  const all = channels.flatMap(({ id }) => heldOut[id] ?? []);
  const length = Math.min(...all.map(({ y }) => y.length));
  if (all.length === 0 || length <= SWINGS) return null;
  const mean = (at: number) => all.reduce((sum, { y }) => sum + y[at]!, 0) / all.length;
  const swings = Array.from({ length: SWINGS }, (_, at) => mean(length - SWINGS + at) - mean(length - SWINGS + at - 1));
  const turning = swings.every((swing, at) => Math.abs(swing) > SWING && (at === 0 || swing * swings[at - 1]! < 0));
  return turning ? swings.reduce((sum, swing) => sum + Math.abs(swing), 0) / SWINGS : null;
}

function unevenBase(channels: readonly ChannelMeter[]): Symptom[] {
  const general = retainedChannels(channels).flatMap(({ id, baseLoss }) => (baseLoss !== null ? [{ id, baseLoss }] : []));
  if (general.length < 2) return [];
  const highest = general.reduce((most, channel) => (channel.baseLoss > most.baseLoss ? channel : most));
  const others = general.filter((channel) => channel !== highest);
  const mean = others.reduce((sum, { baseLoss }) => sum + baseLoss, 0) / others.length;
  return highest.baseLoss > UNEVEN * mean ? [{ kind: 'uneven-base', values: { channel: highest.id, loss: highest.baseLoss, mean } }] : [];
}
