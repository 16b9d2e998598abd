/**
 * Several runs on one chart: stored ones, those read in from elsewhere, and the one under way. A run is told by its colour and a channel by
 * its dash, or the other way; runs may be joined to groups by a field of their recipes, or shown against one of them. Below it, what sets
 * their recipes apart.
 */
import { startTransition, useEffect, useMemo, useState } from 'react';
import { Button, Loader } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { channelColour, useChannelTag } from '../channels/channel';
import { useDifferenceWords } from '../channels/recipe-words';
import { ChartFrame, LineKinds } from '../charts/LossChart';
import { LookBar, POSITIVE, useLook } from '../charts/look-bar';
import { domainEpoch, lineTable, retentionLevel, type ChartAxis, type Sight } from '../charts/loss-lines';
import {
  DASHES,
  OVERLAY_CURVES,
  overlayAxis,
  overlayChannels,
  overlayLines,
  type OverlayLook,
  type OverlayRun,
} from '../charts/overlay-lines';
import { runMark } from '../charts/paper';
import { createPlace } from '../charts/PlotSurface';
import { compareRecipes } from '../core/recipe/diff';
import type { RunRecord } from '../core/run/types';
import { TOTAL } from '../core/run/view';
import { Card } from '../ui/Card';
import { SaveChart } from '../ui/SaveChart';
import { RecipeTable } from './Recipe';
import { useRuns } from './store';
import styles from './Runs.module.css';

/** Milliseconds between two looks at runs that are under way. */
const LOOK_MS = 3000;
/** Letters of a run's name at the end of its line. */
const SHORT = 16;
const NO_EVENTS: readonly never[] = [];

type Choice = Pick<OverlayLook, 'curves' | 'colour' | 'band' | 'baseline'> & { group: string };

/** Runs of the same name are numbered. */
function distinctNames(runs: readonly Pick<RunRecord, 'id' | 'name'>[]): Map<string, string> {
  const met = new Map<string, number>();
  return new Map(
    runs.map(({ id, name }) => {
      const count = (met.get(name) ?? 0) + 1;
      met.set(name, count);
      return [id, count === 1 ? name : `${name} (${count})`];
    }),
  );
}

/** What the chosen runs are grouped by: fields of their recipes that differ, with each run's value. */
function useGroupings(runs: readonly RunRecord[]) {
  const words = useDifferenceWords();
  return useMemo(
    () =>
      compareRecipes(runs.map(({ recipe }) => recipe))
        .filter(({ field }) => field !== 'name')
        .map(({ field, values }) => ({
          field,
          name: words({ field, a: '', b: '' }).field,
          values: new Map(runs.map(({ id }, at) => [id, words({ field, a: '', b: values[at]! }).to])),
        })),
    [runs, words],
  );
}

export default function Overlay() {
  const { t } = useTranslation('runs');
  const tag = useChannelTag();
  const { t: common } = useTranslation();
  const overlaid = useRuns((state) => state.overlaid);
  const records = useRuns((state) => state.runs);
  const refresh = useRuns((state) => state.refreshOverlaid);
  const [choice, setChoice] = useState<Choice>({ curves: 'heldOut', colour: 'run', band: 'deviation', baseline: null, group: '' });
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setSight] = useState<(Sight & { axis: ChartAxis }) | null>(null);
  const [place] = useState(createPlace);
  const [pinned, setPins] = useState<{ axis: ChartAxis; places: readonly number[] } | null>(null);
  const { figure: asked, axis: wanted, smoothing, log: logWanted, inliers } = useLook();

  useEffect(() => {
    const timer = setInterval(() => document.hidden || void refresh(), LOOK_MS);
    return () => clearInterval(timer);
  }, [refresh]);

  const known = useMemo(() => [...overlaid.keys()].flatMap((id) => records.find((run) => run.id === id) ?? []), [overlaid, records]);
  const own = useMemo(() => known.filter(({ imported }) => !imported), [known]);
  const names = useMemo(() => distinctNames(known), [known]);
  const groupings = useGroupings(own);
  const grouping = groupings.find(({ field }) => field === choice.group) ?? null;
  const runs = useMemo(
    () =>
      known.flatMap(({ id }): OverlayRun[] => {
        const view = overlaid.get(id);
        const value = grouping?.values.get(id);
        return view ? [{ id, view, group: grouping && value !== undefined ? `${grouping.name} ${value}` : null }] : [];
      }),
    [known, overlaid, grouping],
  );
  const channels = useMemo(() => overlayChannels(runs), [runs]);
  const epochs = runs.length > 0 && runs.every(({ view }) => domainEpoch(view.channels) !== null);
  const axis = wanted === 'epochs' && !epochs ? 'step' : wanted;
  const figure = asked ?? (runs.some(({ view }) => Object.keys(view.base).length > 0) ? 'delta' : 'loss');
  const baseline = runs.some(({ id }) => id === choice.baseline) ? choice.baseline : null;
  const log = logWanted && POSITIVE.has(figure) && baseline === null;
  const whole = useMemo(() => overlayAxis(runs, axis), [runs, axis]);
  const sight = useMemo(() => (chosen?.axis === axis && chosen.from < whole.to ? chosen : whole), [chosen, axis, whole]);
  const { curves, colour, band } = choice;
  const all = useMemo(
    () => overlayLines(runs, channels, { figure, axis, smoothing, curves, colour, band, baseline }, sight),
    [runs, channels, figure, axis, smoothing, curves, colour, band, baseline, sight],
  );
  // A group is told by what its runs have in common; a run by its name.
  const groups = useMemo(() => [...new Set(runs.map(({ id, group }) => group ?? id))], [runs]);
  const nameOf = (run: string) => names.get(run) ?? run;
  const lines = useMemo(() => {
    const several = all.filter((line) => !hidden.has(line.channel) && !hidden.has(line.run));
    const short = (name: string) => (name.length > SHORT ? `${name.slice(0, SHORT - 1)}…` : name);
    return several.map((line) => ({
      ...line,
      name: `${short(names.get(line.run) ?? line.run.replace(`${grouping?.name} `, ''))} · ${line.channel === TOTAL ? common('total') : tag(line.channel)}`,
    }));
  }, [all, hidden, names, grouping, tag, common]);
  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next);
  };
  const alone = (ids: readonly string[], id: string) => {
    const others = ids.filter((other) => other !== id);
    const already = !hidden.has(id) && others.every((other) => hidden.has(other));
    setHidden(new Set([...[...hidden].filter((other) => !ids.includes(other)), ...(already ? [] : others)]));
  };
  const legend = (
    ids: readonly string[],
    label: string,
    entry: (id: string, at: number) => React.ReactNode,
    name: (id: string) => string,
  ) => (
    <div className={styles.overlayLegend} role="group" aria-label={label}>
      {ids.map((id, at) => (
        <button
          key={id}
          type="button"
          aria-pressed={!hidden.has(id)}
          data-dimmed={hidden.has(id) || undefined}
          title={t('overlay.toggle', { name: name(id) })}
          onClick={() => toggle(id)}
          onDoubleClick={() => alone(ids, id)}
        >
          {entry(id, at)}
          {name(id)}
        </button>
      ))}
    </div>
  );
  const sample = (stroke: string, dash: string, shape: string | null) => (
    <svg width={26} height={12} aria-hidden>
      <path d="M0 6H26" stroke={stroke} strokeWidth={2} strokeDasharray={dash || undefined} />
      {shape && <path d={shape} fill={stroke} transform="translate(13 6) scale(4.4)" />}
    </svg>
  );
  const byRun = colour === 'run';
  const signed = figure === 'delta' || baseline !== null;
  const pins = pinned?.axis === axis ? pinned.places : NO_EVENTS;
  const waiting = overlaid.size > runs.length;
  return (
    <Card
      title={t('overlay.title')}
      data-testid="overlay"
      aside={
        <Button size="compact-xs" variant="default" onClick={() => useRuns.setState({ overlaid: new Map() })}>
          {t('overlay.clear')}
        </Button>
      }
    >
      <div data-chart>
        <div className={styles.overlayRuns}>
          {legend(
            groups,
            t('overlay.runs'),
            (_, at) => {
              const mark = runMark(at);
              return sample(byRun ? `var(--channel-${mark.colour})` : 'var(--dim)', byRun ? '' : DASHES[at % DASHES.length]!, mark.shape);
            },
            nameOf,
          )}
          {legend(
            channels.map(({ id }) => id),
            t('overlay.channels'),
            (_, at) => sample(byRun ? 'var(--dim)' : channelColour(channels[at]!.corpus), byRun ? DASHES[at % DASHES.length]! : '', null),
            (id) => (id === TOTAL ? common('total') : tag(id)),
          )}
          {waiting && <Loader size={14} aria-label={t('overlay.reading')} />}
        </div>
        <div className={styles.overlayLook}>
          <LookBar
            {...{ figure, axis, epochs }}
            logs={POSITIVE.has(figure) && baseline === null}
            zoomed={sight !== whole}
            onWhole={() => startTransition(() => setSight(null))}
          >
            <select
              aria-label={t('overlay.curves')}
              value={curves}
              onChange={(event) =>
                setChoice({ ...choice, curves: OVERLAY_CURVES.find((one) => one === event.currentTarget.value) ?? 'heldOut' })
              }
            >
              {OVERLAY_CURVES.map((one) => (
                <option key={one} value={one}>
                  {t(`overlay.curve.${one}`)}
                </option>
              ))}
            </select>
            <select
              aria-label={t('overlay.colour')}
              value={colour}
              onChange={(event) => setChoice({ ...choice, colour: event.currentTarget.value === 'channel' ? 'channel' : 'run' })}
            >
              <option value="run">{t('overlay.colourRun')}</option>
              <option value="channel">{t('overlay.colourChannel')}</option>
            </select>
            <select
              aria-label={t('overlay.group')}
              value={grouping ? choice.group : ''}
              onChange={(event) => setChoice({ ...choice, group: event.currentTarget.value })}
            >
              <option value="">{t('overlay.noGroup')}</option>
              {groupings.map(({ field, name }) => (
                <option key={field} value={field}>
                  {t('overlay.meanBy', { field: name })}
                </option>
              ))}
            </select>
            {grouping && (
              <select
                aria-label={t('overlay.band')}
                value={band}
                onChange={(event) => setChoice({ ...choice, band: event.currentTarget.value === 'range' ? 'range' : 'deviation' })}
              >
                <option value="deviation">{t('overlay.deviation')}</option>
                <option value="range">{t('overlay.range')}</option>
              </select>
            )}
            <select
              aria-label={t('overlay.baseline')}
              value={baseline ?? ''}
              onChange={(event) => setChoice({ ...choice, baseline: event.currentTarget.value || null })}
            >
              <option value="">{t('overlay.noBaseline')}</option>
              {runs.map(({ id }) => (
                <option key={id} value={id}>
                  {t('overlay.against', { name: nameOf(id) })}
                </option>
              ))}
            </select>
            <SaveChart
              title={t('overlay.title')}
              name={`runs-${figure}`}
              table={() => {
                const every = overlayLines(runs, channels, { figure, axis, smoothing, curves, colour, band, baseline }, sight, Infinity);
                const shown = every.filter((line) => !hidden.has(line.channel) && !hidden.has(line.run));
                const words = shown.map(({ run, channel }) => `${nameOf(run)} · ${channel === TOTAL ? common('total') : tag(channel)}`);
                return lineTable(shown, words, axis, figure, sight);
              }}
            />
          </LookBar>
        </div>
        <figure className={styles.overlayChart} aria-label={t('overlay.title')}>
          <ChartFrame
            view={{ figure, axis, log, inliers, signed }}
            {...{ lines, whole, sight, place, pins }}
            room={lines}
            onSight={(next) => startTransition(() => setSight(next && { ...next, axis }))}
            onPins={(places) => setPins({ axis, places })}
            level={baseline === null ? retentionLevel(figure) : null}
            faint={curves === 'both'}
            events={NO_EVENTS}
            lane={NO_EVENTS}
            foot={
              <>
                <span className={styles.facts}>{grouping ? t('overlay.means') : baseline ? t('overlay.differences') : ''}</span>
                <LineKinds />
              </>
            }
          />
        </figure>
      </div>
      {lines.length === 0 && !waiting && <p className={styles.facts}>{t('overlay.nothing')}</p>}
      {own.length > 1 && <ConfigDiff runs={own} names={own.map(({ id }) => nameOf(id))} />}
    </Card>
  );
}

/** The recipes side by side, in the fields in which any two differ. */
function ConfigDiff({ runs, names }: { runs: readonly RunRecord[]; names: readonly string[] }) {
  const { t } = useTranslation('runs');
  const rows = useMemo(() => compareRecipes(runs.map(({ recipe }) => recipe)).filter(({ field }) => field !== 'name'), [runs]);
  return (
    <section className={styles.configDiff} data-testid="config-diff">
      <h3>{t('overlay.diff')}</h3>
      {rows.length === 0 ? (
        <p className={styles.facts}>{t('overlay.same')}</p>
      ) : (
        <RecipeTable label={t('overlay.diff')} names={names} rows={rows} />
      )}
    </section>
  );
}
