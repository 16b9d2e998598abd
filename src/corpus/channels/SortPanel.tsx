/**
 * A pile sorted by a model: what it is sorted by, the histogram of the scores with its threshold, a sample judged by hand, and the rows above
 * as a source of a channel.
 */
import { Button, NativeSelect, Progress } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCorpusName } from '../../channels/channel';
import type { SortingText, SourceRecord, WorkshopChannel } from '../../contract/corpus';
import { scoreHistogram } from '../../core/corpus/moore-lewis';
import { StudioError, errorRecord, type ErrorRecord } from '../../core/errors';
import { wilsonInterval } from '../../core/metrics/statistics';
import { Rng } from '../../core/rng/rng';
import type { RunRecord } from '../../core/run/types';
import { useFormat } from '../../i18n/format';
import { openDevice } from '../../lab/device-store';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { HorizontalSlider } from '../../ui/Slider';
import { useCorpora } from '../store';
import { useWorkshop } from './store';
import styles from './Sort.module.css';

const N_GRAMS = '';
const NONE = '';
/** Rows judged by hand. */
const JUDGED = 20;
const BINS = 48;
/** UTF-16 units of a row that a run's models score, and that are shown to be judged. */
const SCORED = 1000;
const SHOWN = 600;

interface Judged {
  row: number;
  text: string;
  right: boolean | null;
}

type Phase = { state: 'asking' } | { state: 'scoring'; rows: number } | { state: 'scored'; scores: Float32Array };

export default function SortPanel({ source, onDone }: { source: SourceRecord; onDone: () => void }) {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const [phase, setPhase] = useState<Phase>({ state: 'asking' });
  const [scorer, setScorer] = useState(N_GRAMS);
  const [error, setError] = useState<ErrorRecord | null>(null);
  const runs = useTunedRuns();
  const texts = useSortingTexts(source.channel);
  const [domain, setDomain] = useState(texts.find(({ role }) => role === 'domain')?.value ?? NONE);
  // A bundled text may be in another language than the pile: it is the person's to choose.
  const [general, setGeneral] = useState(
    texts.find(({ role, value }) => role === 'general' && value.startsWith('channel:') && value !== `channel:${source.channel}`)?.value ??
      NONE,
  );
  const stop = useRef<AbortController | null>(null);
  function cancel() {
    if (!stop.current) return;
    stop.current.abort();
    stop.current = null;
    void lab.corpus.cancel('sort');
    setPhase({ state: 'asking' });
  }
  // A panel that is closed scores no further.
  useEffect(
    () => () => {
      stop.current?.abort();
      if (stop.current) void lab.corpus.cancel('sort');
    },
    [],
  );

  async function score() {
    const own = (stop.current = new AbortController());
    setError(null);
    setPhase({ state: 'scoring', rows: 0 });
    try {
      const tuned = runs.find(({ run }) => run.id === scorer);
      const by = tuned ? tunedAgainstBase(tuned, own.signal) : { domain: sortingText(domain), general: sortingText(general) };
      const { scores } = await lab.corpus.scorePile(source.id, by, (rows) => !own.signal.aborted && setPhase({ state: 'scoring', rows }));
      if (own.signal.aborted) return;
      stop.current = null;
      setPhase({ state: 'scored', scores });
    } catch (failed) {
      if (own.signal.aborted) return;
      stop.current = null;
      setError(errorRecord(failed));
      setPhase({ state: 'asking' });
    }
  }

  const busy = phase.state === 'scoring';
  const choices = [{ value: NONE, label: t('sort.choose') }, ...texts.map(({ value, label }) => ({ value, label }))];
  return (
    <section className={styles.panel} aria-label={t('sort.title')} data-testid="sort">
      <p className={styles.dim}>{t('sort.lead')}</p>
      <div className={styles.fields}>
        {runs.length > 0 && (
          <NativeSelect
            size="xs"
            label={t('sort.scorer')}
            value={scorer}
            disabled={busy}
            onChange={(event) => setScorer(event.currentTarget.value)}
            data={[
              { value: N_GRAMS, label: t('sort.nGrams') },
              ...runs.map(({ run }) => ({ value: run.id, label: t('sort.run', { name: run.name }) })),
            ]}
          />
        )}
        {scorer === N_GRAMS && (
          <>
            <NativeSelect
              size="xs"
              label={t('sort.domain')}
              value={domain}
              disabled={busy}
              onChange={(event) => setDomain(event.currentTarget.value)}
              data={choices}
            />
            <NativeSelect
              size="xs"
              label={t('sort.general')}
              value={general}
              disabled={busy}
              onChange={(event) => setGeneral(event.currentTarget.value)}
              data={choices}
            />
          </>
        )}
        <Button
          size="xs"
          disabled={busy || (scorer === N_GRAMS && (domain === general || domain === NONE || general === NONE))}
          onClick={() => void score()}
        >
          {t('sort.score')}
        </Button>
      </div>
      {error && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
      {phase.state === 'scoring' && (
        <div className={styles.busy}>
          <Progress value={(phase.rows / Math.max(1, source.rows)) * 100} size={8} radius={9} aria-label={t('sort.score')} />
          <span role="status">{t('pipeline.rows', { done: format.count(phase.rows), total: format.count(source.rows) })}</span>
          <Button size="xs" variant="default" onClick={cancel}>
            {common('cancel')}
          </Button>
        </div>
      )}
      {phase.state === 'scored' && (
        <Sorted source={source} scores={phase.scores} scorer={scorer === N_GRAMS ? 'n-grams' : 'run'} onDone={onDone} />
      )}
    </section>
  );
}

interface SortedProps {
  source: SourceRecord;
  scores: Float32Array;
  scorer: 'n-grams' | 'run';
  onDone(): void;
}

function Sorted({ source, scores, scorer, onDone }: SortedProps) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const histogram = useMemo(() => scoreHistogram(scores, BINS), [scores]);
  const { from, to } = histogram;
  const [threshold, setThreshold] = useState(0);
  const [judged, setJudged] = useState<Judged[]>([]);
  const [taking, setTaking] = useState(false);
  const [error, setError] = useState<ErrorRecord | null>(null);
  const channels = useWorkshop((state) => state.channels).filter(({ role }) => role === 'domain');
  const [into, setInto] = useState(channels.find(({ id }) => id !== source.channel)?.id ?? channels[0]?.id ?? '');
  const above = useMemo(() => Uint32Array.from(scores.keys()).filter((row) => scores[row]! >= threshold), [scores, threshold]);
  // Rows judged stay a sample of those above a threshold that was raised since, and are none of one that was lowered.
  const [judgedFrom, setJudgedFrom] = useState(0);
  const counted = threshold < judgedFrom ? [] : judged.filter(({ row, right }) => right !== null && scores[row]! >= threshold);
  const right = counted.filter((row) => row.right).length;
  const interval = counted.length > 0 ? wilsonInterval(right, counted.length) : null;

  async function draw() {
    const rng = new Rng(above.length);
    const rows = Uint32Array.from(above);
    const drawn = Math.min(JUDGED, rows.length);
    for (let at = 0; at < drawn; at++) {
      const other = at + rng.integer(rows.length - at);
      [rows[at], rows[other]] = [rows[other]!, rows[at]!];
    }
    try {
      const found = await Promise.all([...rows.subarray(0, drawn)].map((row) => lab.corpus.sourceRows(source.id, row, 1)));
      setJudged(found.flatMap(([row]) => (row ? [{ row: row.index, text: row.text.slice(0, SHOWN), right: null }] : [])));
      setJudgedFrom(threshold);
    } catch (failed) {
      setError(errorRecord(failed));
    }
  }

  async function take() {
    setTaking(true);
    try {
      await lab.corpus.takeSorted(source.id, above, into, { scorer, threshold, judged: { rows: counted.length, right } });
      await useWorkshop.getState().load();
      onDone();
    } catch (failed) {
      setError(errorRecord(failed));
      setTaking(false);
    }
  }

  const most = Math.max(1, ...histogram.rows);
  const position = Math.max(0, (threshold - from) / (to - from));
  // At its low end the slider takes every row, also those below the bars.
  const lowest = Math.floor(1000 * scores.reduce((least, score) => Math.min(least, score), from)) / 1000;
  const written = t('sort.bits', { score: format.decimal(threshold, 2) });
  const rowWords = (count: number) => t('ingest.rows', { count, formatted: format.count(count) });
  return (
    <div className={styles.sorted}>
      <div className={styles.histogram}>
        <svg viewBox={`0 0 ${BINS} 40`} preserveAspectRatio="none" role="img" aria-label={t('sort.histogram')}>
          {histogram.rows.map((rows, bin) => {
            const height = rows === 0 ? 0 : Math.max(0.6, (rows / most) * 38);
            const taken = from + ((bin + 0.5) / BINS) * (to - from) >= threshold;
            return <rect key={bin} x={bin + 0.06} width={0.88} y={40 - height} height={height} data-above={taken} />;
          })}
          <line x1={position * BINS} x2={position * BINS} y1={0} y2={40} vectorEffect="non-scaling-stroke" />
        </svg>
        <HorizontalSlider
          label={t('sort.threshold')}
          position={position}
          valueNow={Number(threshold.toFixed(3))}
          valueMin={lowest}
          valueMax={to}
          valueText={written}
          step={1 / 200}
          page={1 / 20}
          onMove={(next) => setThreshold(next === 0 ? lowest : Number((from + next * (to - from)).toFixed(3)))}
        />
        <div className={styles.ends}>
          <span>{t('sort.below', { rows: rowWords(scores.length - above.length) })}</span>
          <b data-testid="threshold">{written}</b>
          <span data-testid="above">{t('sort.above', { rows: rowWords(above.length) })}</span>
        </div>
      </div>
      <div className={styles.fields}>
        <Button size="xs" variant="default" disabled={above.length === 0} onClick={() => void draw()}>
          {t('sort.draw', { count: Math.min(JUDGED, above.length) })}
        </Button>
        <span role="status" data-testid="precision">
          {interval
            ? t('sort.precision', {
                share: format.percent(right / counted.length),
                low: format.percent(interval.low),
                high: format.percent(interval.high),
                right,
                count: counted.length,
              })
            : judged.length > 0 && threshold < judgedFrom
              ? t('sort.drawAgain')
              : ''}
        </span>
      </div>
      {judged.length > 0 && (
        <ol className={styles.judged}>
          {judged.map(({ row, text, right: verdict }, at) => (
            <li key={row}>
              <pre>{text}</pre>
              <span className={styles.verdict} role="group" aria-label={t('sort.judge', { number: at + 1 })}>
                {([true, false] as const).map((value) => (
                  <Button
                    key={String(value)}
                    size="compact-xs"
                    variant={verdict === value ? 'filled' : 'default'}
                    aria-pressed={verdict === value}
                    onClick={() => setJudged(judged.map((other) => (other.row === row ? { ...other, right: value } : other)))}
                  >
                    {t(value ? 'sort.yes' : 'sort.no')}
                  </Button>
                ))}
              </span>
            </li>
          ))}
        </ol>
      )}
      <div className={styles.fields}>
        <NativeSelect
          size="xs"
          label={t('sort.into')}
          value={into}
          onChange={(event) => setInto(event.currentTarget.value)}
          data={channels.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <Button size="xs" loading={taking} disabled={into === '' || above.length === 0} onClick={() => void take()}>
          {t('sort.take', { rows: rowWords(above.length) })}
        </Button>
      </div>
      <p className={styles.dim}>{t('sort.stays')}</p>
      {error && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
    </div>
  );
}

interface Tuned {
  run: RunRecord;
  step: number;
}

/** Runs with a checkpoint, newest first. */
function useTunedRuns(): Tuned[] {
  const [runs, setRuns] = useState<Tuned[]>([]);
  useEffect(() => {
    let gone = false;
    const read = async () => {
      const found: Tuned[] = [];
      for (const run of await lab.library.runs()) {
        const step = Math.max(0, ...(await lab.library.checkpoints(run.id)).map((checkpoint) => checkpoint.step));
        if (step > 0) found.push({ run, step });
      }
      if (!gone) setRuns(found);
    };
    // Without runs the n-grams are there all the same.
    read().catch(() => undefined);
    return () => {
      gone = true;
    };
  }, []);
  return runs;
}

/** The tuned model's log-likelihood less the base's, in bits per byte of the row's beginning. */
function tunedAgainstBase({ run, step }: Tuned, signal: AbortSignal): (texts: string[]) => Promise<number[]> {
  const base = { kind: 'model', model: run.recipe.base } as const;
  const tuned = { kind: 'checkpoint', run: run.id, step } as const;
  return async (texts) => {
    await openDevice();
    const scores: number[] = [];
    for (const text of texts) {
      if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
      const read = text.slice(0, SCORED);
      const losses = await lab.trainer.tokenLosses(base, tuned, read);
      const nats = losses.reduce((sum, { a, b }) => sum + (a ?? 0) - (b ?? 0), 0);
      scores.push(nats / Math.LN2 / Math.max(1, new TextEncoder().encode(read).length));
    }
    return scores;
  };
}

/** Channels with rows, and corpora that the workshop did not make. @param pile the channel of the pile comes last */
function useSortingTexts(pile: string): { value: string; label: string; role: 'domain' | 'general' }[] {
  const corpusName = useCorpusName();
  const channels = useWorkshop((state) => state.channels);
  const corpora = useCorpora((state) => state.corpora);
  const ofChannel = ({ id, name, role }: WorkshopChannel) => ({ value: `channel:${id}`, label: name, role });
  return [
    ...channels.filter(({ id }) => id !== pile).map(ofChannel),
    ...corpora
      .filter(({ channel }) => channel === undefined)
      .map((corpus) => ({ value: `corpus:${corpus.id}`, label: corpusName(corpus), role: corpus.role })),
    ...channels.filter(({ id }) => id === pile).map(ofChannel),
  ];
}

function sortingText(value: string): SortingText {
  const at = value.indexOf(':');
  return { kind: value.slice(0, at) === 'channel' ? 'channel' : 'corpus', id: value.slice(at + 1) };
}
