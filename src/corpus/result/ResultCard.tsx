/** Step 4: what the pipeline kept and dropped, channel by channel; every count opens its rows. */
import { lazy, Suspense, useState, type KeyboardEvent, useEffect } from 'react';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { ChannelReport, Histogram } from '../../core/corpus/report';
import { useFormat } from '../../i18n/format';
import { colourOf, useLanguageName } from '../channels/choices';
import { binsOf, type Bin, FRAME } from './bins';
import { useRows } from './rows-store';
import { TriangleAlert, SlidersHorizontal } from 'lucide-react';
import type { PreparationRecord, WorkshopChannel } from '../../contract/corpus';
import { piiKinds } from '../../core/corpus/settings';
import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { Card } from '../../ui/Card';
import { useWorkshop } from '../channels/store';
import { useCorpora } from '../store';
import { deskPathOf } from './desk-recipe';
import { ExportPanel } from './ExportPanel';
import { Funnel } from './Funnel';
import { SaveChart } from '../../ui/SaveChart';
import styles from './Result.module.css';

const HistogramPlot = lazy(() => import('./HistogramPlot'));

interface Props {
  preparation: string;
  report: ChannelReport;
  colour: string;
}

/** Length, score, language and cluster sizes of all rows that came in. Any bar opens its rows, by pointer and by keyboard. */
function Histograms({ preparation, report, colour }: Props) {
  return (
    <div className={styles.histograms}>
      {report.histograms.map((histogram) => (
        <Chart key={histogram.name} {...{ preparation, histogram, colour }} channel={report.channel.id} />
      ))}
    </div>
  );
}

function Chart({ preparation, histogram, colour, channel }: Omit<Props, 'report'> & { histogram: Histogram; channel: string }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const language = useLanguageName();
  const open = useRows((state) => state.open);
  const { ref, width } = useElementSize();
  const bins = binsOf(histogram, format.count, language);
  const title = t(`histogram.${histogram.name}`);
  return (
    <figure className={styles.histogram} data-chart data-testid={`histogram-${histogram.name}`}>
      <figcaption>
        {title}{' '}
        {bins.length > 0 && (
          <SaveChart
            title={title}
            name={`${channel}-${histogram.name}`}
            table={() => ({ columns: ['bar', 'rows'], rows: bins.map((bin) => [bin.label, bin.rows]) })}
          />
        )}
      </figcaption>
      <div ref={ref} className={styles.plot} style={{ height: FRAME.height }}>
        {width > 0 && bins.length > 0 && (
          <>
            <div aria-hidden>
              <Suspense fallback={null}>
                <HistogramPlot width={width} bins={bins} colour={colourOf(colour)} formatRows={format.compact} />
              </Suspense>
            </div>
            <Bars
              bins={bins}
              title={title}
              onOpen={(bin) => open(preparation, { channel, bar: { histogram, bin: bin.bin } }, `${title}: ${bin.label}`)}
            />
          </>
        )}
      </div>
    </figure>
  );
}

/** One tab stop a chart; the arrows go from bar to bar. */
function Bars({ bins, title, onOpen }: { bins: readonly Bin[]; title: string; onOpen: (bin: Bin) => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const [at, setAt] = useState(0);
  const stop = Math.min(at, bins.length - 1);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const to = { ArrowRight: stop + 1, ArrowLeft: stop - 1, Home: 0, End: bins.length - 1 }[event.key];
    if (to === undefined || !bins[to]) return;
    event.preventDefault();
    setAt(to);
    event.currentTarget.querySelectorAll('button')[to]?.focus();
  };
  return (
    <div
      className={styles.bars}
      role="group"
      aria-label={title}
      style={{ left: FRAME.left, right: FRAME.right, top: 0, bottom: 0 }}
      onKeyDown={onKeyDown}
    >
      {bins.map((bin, index) => {
        const label = t('histogram.bar', { count: bin.rows, formatted: format.count(bin.rows), label: bin.label });
        return (
          <button
            key={bin.bin}
            type="button"
            tabIndex={index === stop ? 0 : -1}
            aria-label={label}
            title={label}
            aria-disabled={bin.rows === 0}
            onFocus={() => setAt(index)}
            onClick={() => bin.rows > 0 && onOpen(bin)}
          />
        );
      })}
    </div>
  );
}

function Notes({ channel, preparation }: { channel: WorkshopChannel; preparation: PreparationRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const notes = preparation.report.notes.filter((note) => note.channel === null || note.channel === channel.id);
  const { badProbes } = preparation;
  if (notes.length + badProbes.length === 0) return null;
  return (
    <ul className={styles.notes}>
      {notes.map(({ note, count }) => (
        <li key={note}>
          <TriangleAlert size={14} aria-hidden />
          {t(`note.${note}`, { count, formatted: format.count(count) })}
        </li>
      ))}
      {badProbes.slice(0, 10).map(({ name, line, reason }) => (
        <li key={`${name} ${line}`}>
          <TriangleAlert size={14} aria-hidden />
          {t('result.badProbe', { place: t('location', { path: name, line: format.count(line) }), reason })}
        </li>
      ))}
    </ul>
  );
}

/** Personal data that was found, by kind, and whether it was masked; a count opens its rows. */
function PersonalCounts({ preparation, report }: { preparation: PreparationRecord; report: ChannelReport }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const open = useRows((state) => state.open);
  const { mask } = preparation.report.settings.pii;
  const { pii, channel } = report;
  return (
    <section className={styles.personal} aria-label={t('pii.title')}>
      <h3>{t('pii.title')}</h3>
      {pii.rows === 0 ? (
        <p className={styles.dim}>{t('pii.none')}</p>
      ) : (
        <ul>
          {piiKinds
            .filter((kind) => pii[kind] > 0)
            .map((kind) => (
              <li key={kind} data-kind={kind}>
                <span>{t(`pii.${kind}`)}</span>
                <button
                  type="button"
                  className={styles.count}
                  aria-label={t('pii.open', { kind: t(`pii.${kind}`), formatted: format.count(pii[kind]) })}
                  onClick={() => open(preparation.id, { channel: channel.id, pii: kind }, t(`pii.${kind}`))}
                >
                  {format.count(pii[kind])}
                </button>
                <span className={styles.dim}>{t(mask[kind] ? 'pii.masked' : 'pii.counted')}</span>
              </li>
            ))}
        </ul>
      )}
    </section>
  );
}

const RowsDrawer = lazy(() => import('./RowsDrawer').then((module) => ({ default: module.RowsDrawer })));

export default function ResultCard() {
  const { t } = useTranslation('corpus');
  const { channels, preparations } = useWorkshop();
  const [chosen, setChosen] = useState<string | null>(null);
  const looking = useRows((state) => state.preparation !== null);
  const prepared = channels.flatMap((channel) => {
    const preparation = preparations.find(({ id }) => id === channel.preparation);
    return preparation ? [{ channel, preparation }] : [];
  });
  const current = prepared.find(({ channel }) => channel.id === chosen) ?? prepared[0];
  if (!current)
    return (
      <Card title={t('steps.result')} data-testid="result">
        <p className={styles.dim}>{t('result.none')}</p>
      </Card>
    );
  return (
    <Card title={t('steps.result')} data-testid="result">
      <div className={styles.body}>
        <div className={styles.tabs} role="group" aria-label={t('result.channels')}>
          {prepared.map(({ channel }) => (
            <button
              key={channel.id}
              type="button"
              aria-pressed={channel === current.channel}
              style={{ color: colourOf(channel.colour) }}
              onClick={() => setChosen(channel.id)}
            >
              <i aria-hidden />
              {channel.name}
            </button>
          ))}
        </div>
        <ChannelResult channel={current.channel} preparation={current.preparation} />
        <Use channels={prepared.map(({ channel }) => channel)} />
        <ExportPanel channels={prepared.map(({ channel }) => channel)} />
      </div>
      {looking && (
        <Suspense fallback={null}>
          <RowsDrawer preparations={preparations} />
        </Suspense>
      )}
    </Card>
  );
}

function ChannelResult({ channel, preparation }: { channel: WorkshopChannel; preparation: PreparationRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const report = preparation.report.channels.find((found) => found.channel.id === channel.id);
  if (!report) return null;
  const kept = report.kept.train.rows + report.kept.heldOut.rows;
  return (
    <>
      <p className={styles.lead}>
        <strong>
          {t('result.kept', {
            kept: format.count(kept),
            in: format.count(report.in.rows),
            share: format.percent(report.in.rows === 0 ? null : kept / report.in.rows),
          })}
        </strong>{' '}
        <span className={styles.dim}>{t('result.from', { date: format.dateTime(preparation.createdAt) })}</span>
      </p>
      <Notes channel={channel} preparation={preparation} />
      <div className={styles.columns}>
        <Funnel preparation={preparation.id} report={report} colour={channel.colour} />
        <div className={styles.side}>
          <Histograms preparation={preparation.id} report={report} colour={channel.colour} />
          <PersonalCounts preparation={preparation} report={report} />
        </div>
      </div>
    </>
  );
}

function Use({ channels }: { channels: readonly WorkshopChannel[] }) {
  const { t } = useTranslation('corpus');
  const corpora = useCorpora((state) => state.corpora);
  const [path, setPath] = useState('/desk');
  const usable = corpora.filter((corpus) => channels.some((channel) => channel.corpus === corpus.id));
  const key = usable.map(({ id, role }) => `${id} ${role}`).join();
  useEffect(() => {
    let current = true;
    deskPathOf(usable).then(
      (found) => current && setPath(found),
      // The desk alone is a way there too.
      () => current && setPath('/desk'),
    );
    return () => {
      current = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all that the path is made of
  }, [key]);
  return (
    <section className={styles.use} aria-label={t('result.use')}>
      <div>
        <h3>{t('result.use')}</h3>
        <p className={styles.dim}>{t(usable.length > 0 ? 'result.useHint' : 'result.useNone')}</p>
      </div>
      {usable.length > 0 && (
        <Button component={Link} href={path} leftSection={<SlidersHorizontal size={15} />} data-testid="to-desk">
          {t('result.toDesk')}
        </Button>
      )}
    </section>
  );
}
