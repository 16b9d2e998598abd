/** A pile sorted by a model: what its rows are scored by, and the scoring. */
import { Button, NativeSelect, Progress } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCorpusName } from '../../channels/channel';
import type { SortingText, SourceRecord, WorkshopChannel } from '../../contract/corpus';
import { StudioError, errorRecord, type ErrorRecord } from '../../core/errors';
import type { RunRecord } from '../../core/run/types';
import { useFormat } from '../../i18n/format';
import { openDevice } from '../../lab/device-store';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { useCorpora } from '../store';
import { SortedRows } from './SortedRows';
import { useWorkshop } from './store';
import styles from './Sort.module.css';

const N_GRAMS = '';
const NONE = '';
/** UTF-16 units of a row that a run's models score. */
const SCORED = 1000;

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
        <SortedRows source={source} scores={phase.scores} scorer={scorer === N_GRAMS ? 'n-grams' : 'run'} onDone={onDone} />
      )}
    </section>
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
