/** Length, score, language and cluster sizes of all rows that came in. Any bar opens its rows, by pointer and by keyboard. */
import { lazy, Suspense, useState, type KeyboardEvent } from 'react';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { ChannelReport, Histogram } from '../../core/corpus/report';
import { useFormat } from '../../i18n/format';
import { colourOf, useLanguageName } from '../channels/choices';
import { binsOf, type Bin, FRAME } from './bins';
import { useRows } from './rows-store';
import styles from './Result.module.css';

const HistogramPlot = lazy(() => import('./HistogramPlot'));

interface Props {
  preparation: string;
  report: ChannelReport;
  colour: string;
}

export function Histograms({ preparation, report, colour }: Props) {
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
    <figure className={styles.histogram} data-testid={`histogram-${histogram.name}`}>
      <figcaption>{title}</figcaption>
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
