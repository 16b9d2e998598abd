/** Attention under A and the tuned weights: divergence by layer, the head that is chosen, and its maps. */
import { useMemo, useState, type UIEvent } from 'react';
import { SegmentedControl, Textarea, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { AttentionView } from '../../contract/evaluation';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { SaveChart } from '../../ui/SaveChart';
import type { Place } from '../address';
import { MeasureBar } from '../../ui/marks';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures';
import { differenceLimit, headShifts, parseColour, weightStrength, type MapColours } from './attention';
import { AttentionMap, gutterOf, READABLE, type Cell } from './AttentionMap';
import { HeadPicker } from './HeadPicker';
import { useInternals } from './store';
import { IncompatibleNotice } from './WeightsCard';
import styles from './AttentionCard.module.css';

interface DivergenceBarsProps {
  /** nats, by layer */
  divergence: readonly number[];
  place: Place;
}

function DivergenceBars({ divergence, place }: DivergenceBarsProps) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const most = Math.max(...divergence);
  const layer = divergence.indexOf(most);
  const letter = place.toUpperCase();
  return (
    <div data-testid="divergence">
      <h3 className={styles.heading}>{t('divergence.title', { letter })}</h3>
      <p className={styles.sentence}>
        {most > 0 ? t('divergence.most', { layer: layer + 1, value: format.decimal(most, 4) }) : t('divergence.none', { letter })}
      </p>
      <table className={styles.bars}>
        <thead>
          <tr>
            <th scope="col">{t('place.layer')}</th>
            <td aria-hidden />
            <th scope="col">{t('divergence.unit')}</th>
          </tr>
        </thead>
        <tbody>
          {divergence.map((value, at) => (
            <tr key={at} data-most={most > 0 && at === layer}>
              <th scope="row">{format.count(at + 1)}</th>
              <td className={styles.bar}>
                <MeasureBar ratio={most > 0 ? value / most : 0} />
              </td>
              <td>{format.decimal(value, 4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface AttentionMapsProps {
  view: AttentionView;
  /** Whose weights lie beside A's; null: A's alone. */
  place: Place | null;
  /** Their index in the view. */
  model: number;
}

const LARGEST_CELL = 26;

/** The chosen head's map under A, under the tuned weights, and their difference, with one cursor over all of them. */
function AttentionMaps({ view, place, model }: AttentionMapsProps) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const { layer: chosenLayer, head: chosenHead, labels } = useInternals();
  const colours = useMapColours();
  const { ref, width } = useElementSize();
  const [size, setSize] = useState<'readable' | 'whole'>('readable');
  const [cursor, setCursor] = useState<Cell | null>(null);
  const tokens = view.tokens.length;
  const layer = Math.min(chosenLayer, view.models[0]!.length - 1);
  const head = Math.min(chosenHead, view.models[0]![layer]!.heads - 1);
  const maps = useMemo(() => {
    const of = (at: number) => view.models[at]![layer]!.weights.subarray(head * tokens * tokens, (head + 1) * tokens * tokens);
    const a = of(0);
    if (place === null) return { a, tuned: null, difference: null };
    const tuned = of(model);
    return { a, tuned, difference: tuned.map((weight, at) => weight - a[at]!) };
  }, [view, place, model, layer, head, tokens]);
  const limit = useMemo(() => (maps.difference ? differenceLimit(maps.difference) : 0), [maps]);

  const start = t('token.start');
  const gutter = useMemo(() => gutterOf([start, ...labels]), [start, labels]);
  const columns = place === null ? 1 : width >= 880 ? 3 : width >= 620 ? 2 : 1;
  const room = (width - (columns - 1) * GAP) / columns - gutter.left;
  const fitting = Math.max(2, room / tokens);
  const cell = size === 'whole' ? Math.min(LARGEST_CELL, fitting) : Math.min(LARGEST_CELL, Math.max(READABLE, Math.floor(fitting)));
  const letter = place?.toUpperCase() ?? '';
  const name = (at: number) => (at === 0 ? start : labels[at] || view.tokens[at]!);
  const where = { layer: layer + 1, head: head + 1 };
  const shown = cursor && cursor.query < tokens ? cursor : null;
  const at = shown ? shown.query * tokens + shown.key : 0;

  const drawn = [
    { id: 'a', title: t('maps.a'), values: maps.a, limit: null },
    ...(maps.tuned && maps.difference
      ? [
          { id: 'tuned', title: letter, values: maps.tuned, limit: null },
          { id: 'difference', title: t('maps.difference', { letter }), values: maps.difference, limit },
        ]
      : []),
  ];
  return (
    <div className={styles.maps} ref={ref} data-chart>
      <div className={styles.mapsHead}>
        <h3 className={styles.heading}>{t('maps.title', where)}</h3>
        <SaveChart
          title={t('maps.title', where)}
          name={`attention-layer${where.layer}-head${where.head}`}
          table={() => ({
            columns: ['query', 'key', 'query_token', 'key_token', 'a', ...(maps.tuned ? [letter.toLowerCase()] : [])],
            rows: Array.from({ length: tokens }, (_, query) =>
              Array.from({ length: query + 1 }, (_, key) => {
                const place = query * tokens + key;
                return [query, key, name(query), name(key), maps.a[place]!, ...(maps.tuned ? [maps.tuned[place]!] : [])];
              }),
            ).flat(),
          })}
        />
        {fitting < READABLE && (
          <SegmentedControl
            size="xs"
            aria-label={t('maps.size')}
            value={size}
            onChange={(next) => setSize(next)}
            data={[
              { value: 'readable', label: t('maps.readable') },
              { value: 'whole', label: t('maps.whole') },
            ]}
          />
        )}
      </div>
      <p className={styles.readout} role="status" data-testid="attention-readout">
        {shown ? (
          <>
            <code>{name(shown.query)}</code> → <code>{name(shown.key)}</code>
            <span>
              A <b>{format.decimal(maps.a[at]!, 4)}</b>
            </span>
            {maps.tuned && maps.difference && (
              <>
                <span>
                  {letter} <b>{format.decimal(maps.tuned[at]!, 4)}</b>
                </span>
                <span>
                  Δ <b>{signed(maps.difference[at]!, format.decimal)}</b>
                </span>
              </>
            )}
          </>
        ) : (
          <span>{t('maps.hint')}</span>
        )}
      </p>
      {width > 0 && (
        <div
          className={styles.mapRow}
          onScrollCapture={scrollTogether}
          style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gap: GAP }}
        >
          {drawn.map((map) => (
            <AttentionMap
              key={map.id}
              title={map.title}
              label={t('maps.map', { name: map.title, ...where })}
              values={map.values}
              limit={map.limit}
              tokens={tokens}
              labels={labels}
              startLabel={start}
              cell={cell}
              gutter={gutter}
              colours={colours}
              cursor={shown}
              onCursor={setCursor}
              name={name}
            />
          ))}
        </div>
      )}
      <div className={styles.legends}>
        <Legend label={t('maps.weightLegend')} background="linear-gradient(to right, var(--sunken), var(--accent))">
          {[0, 0.05, 0.25, 0.5, 1].map((weight) => ({
            at: weightStrength(weight),
            text: format.decimal(weight, weight === 0.05 || weight === 0.25 ? 2 : 1),
          }))}
        </Legend>
        {place !== null && (
          <Legend
            label={t('maps.differenceLegend', { letter })}
            background="linear-gradient(to right, var(--warn), var(--sunken), var(--accent))"
          >
            {[-1, 0, 1].map((side) => ({ at: (side + 1) / 2, text: side === 0 ? '0' : signed(side * limit, format.decimal, 2) }))}
          </Legend>
        )}
      </div>
    </div>
  );
}

const GAP = 16;

/** Maps that are larger than their boxes show the same part. */
function scrollTogether({ target, currentTarget }: UIEvent<HTMLElement>): void {
  if (!(target instanceof HTMLElement)) return;
  for (const box of currentTarget.querySelectorAll('[data-map]'))
    if (box !== target) {
      box.scrollLeft = target.scrollLeft;
      box.scrollTop = target.scrollTop;
    }
}

function signed(value: number, decimal: (value: number, digits: number) => string, digits = 4): string {
  const text = decimal(Math.abs(value), digits);
  return Number(Math.abs(value).toFixed(digits)) === 0 ? `±${text}` : `${value < 0 ? '−' : '+'}${text}`;
}

/** The theme's own colours; another theme gives others. */
function useMapColours(): MapColours {
  const scheme = useComputedColorScheme('light');
  return useMemo(() => {
    void scheme;
    const tokens = getComputedStyle(document.documentElement);
    const colour = (name: string) => parseColour(tokens.getPropertyValue(name));
    return { none: colour('--sunken'), more: colour('--accent'), less: colour('--warn') };
  }, [scheme]);
}

function Legend({ label, background, children }: { label: string; background: string; children: { at: number; text: string }[] }) {
  return (
    <div className={styles.legend}>
      <span>{label}</span>
      <span className={styles.ramp}>
        <i style={{ background }} aria-hidden />
        {children.map(({ at, text }) => (
          <span key={at} style={{ left: `${at * 100}%` }}>
            {text}
          </span>
        ))}
      </span>
    </div>
  );
}

/** A person's own text under every head: which layers moved, which heads, and the maps of the one that is chosen. */
export function AttentionCard({ place }: { place: Place }) {
  const { t } = useTranslation('internals');
  const { text, setText, measureAttention, places, tokens, incompatible } = useInternals();
  const result = useMeasures((state) => state.results.attention);
  const format = useFormat();
  const written = text ?? t('attention.example');
  const measure = () => void measureAttention(written);
  const view = result?.view;
  const at = places.indexOf(place);
  const shifts = useMemo(
    () => (view && at > 0 && view.models[at] ? headShifts(view.models[0]!, view.models[at], view.tokens.length) : null),
    [view, at],
  );
  const reason = result && incompatible.attention[place];
  const cut = result && view && tokens !== null && tokens > view.tokens.length;
  return (
    <Card title={t('attention.title')} data-testid="attention">
      <div className={styles.input}>
        <Textarea
          label={t('attention.label')}
          autosize
          minRows={2}
          maxRows={6}
          value={written}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && written.trim() !== '') measure();
          }}
        />
        <MeasureControl
          kind="attention"
          first={t('attention.run')}
          again={t('attention.again')}
          disabled={written.trim() === ''}
          onMeasure={measure}
        />
      </div>
      {!result && <p className={styles.note}>{t('attention.before')}</p>}
      {result && result.text !== written && <p className={styles.stale}>{t('attention.stale')}</p>}
      {cut && (
        <p className={styles.note} role="status">
          {t('attention.cut', { shown: format.count(view.tokens.length - 1), all: format.count(tokens - 1) })}
        </p>
      )}
      {reason && (
        <div className={styles.banner}>
          <IncompatibleNotice place={place} error={reason} />
        </div>
      )}
      {view && (
        <>
          {shifts && (
            <div className={styles.overview}>
              <DivergenceBars divergence={view.divergence[at]!} place={place} />
              <HeadPicker shifts={shifts} place={place} />
            </div>
          )}
          <AttentionMaps view={view} place={shifts ? place : null} model={at} />
        </>
      )}
    </Card>
  );
}
