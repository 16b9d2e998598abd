/** Scored rows of a pile: the histogram with its threshold, a sample judged by hand, and the rows above as a source of a channel. */
import { Button, NativeSelect } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PseudoLabel, SourceRecord } from '../../contract/corpus';
import { scoreHistogram } from '../../core/corpus/moore-lewis';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { wilsonInterval } from '../../core/metrics/statistics';
import { Rng } from '../../core/rng/rng';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { SaveChart } from '../../ui/SaveChart';
import { HorizontalSlider } from '../../ui/Slider';
import { useWorkshop } from './store';
import styles from './Sort.module.css';

/** Rows judged by hand. */
const JUDGED = 20;
const BINS = 48;
/** UTF-16 units of a row that are shown to be judged. */
const SHOWN = 600;

interface Judged {
  row: number;
  text: string;
  right: boolean | null;
}

interface Props {
  source: SourceRecord;
  scores: Float32Array;
  scorer: PseudoLabel['scorer'];
  onDone(): void;
}

export function SortedRows({ source, scores, scorer, onDone }: Props) {
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
      <div className={styles.histogram} data-chart>
        <p className={styles.title}>
          {t('sort.histogram')}{' '}
          <SaveChart
            title={t('sort.histogram')}
            name={`${source.channel}-scores`}
            table={() => ({
              columns: ['from', 'to', 'rows'],
              rows: histogram.rows.map((rows, bin) => [from + (bin / BINS) * (to - from), from + ((bin + 1) / BINS) * (to - from), rows]),
            })}
          />
        </p>
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
