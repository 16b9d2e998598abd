/** Vocabulary size against fertility: what each further merge still buys, channel by channel; the same figures as a table. */
import { lazy, Suspense, useMemo } from 'react';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Card, Skeleton } from '../ui/Card';
import { ChannelTag, useCorpusName } from '../channels/channel';
import { useMeasured } from './FertilityCard';
import { fertilityLines, fertilityScale } from './fertility';
import { useTokenizers } from './store';
import { SaveChart } from '../ui/SaveChart';
import styles from './Fertility.module.css';

const FertilityPlot = lazy(() => import('./FertilityPlot'));
const NARROW = 460;

export function FertilityChart() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpusName = useCorpusName();
  const corpora = useTokenizers((state) => state.corpora);
  const measured = useMeasured();
  const { ref, width, height } = useElementSize();
  const lines = useMemo(
    () =>
      fertilityLines(
        measured,
        corpora.map(({ id }) => id),
      ),
    [measured, corpora],
  );
  const narrow = width < NARROW;
  const scale = useMemo(() => fertilityScale(lines, narrow), [lines, narrow]);
  const words = useMemo(() => ({ x: t('chart.x') }), [t]);
  const formatters = useMemo(() => ({ size: format.count, fertility: (value: number) => format.decimal(value, 2) }), [format]);
  const named = (corpus: string) => {
    const record = corpora.find(({ id }) => id === corpus);
    return record ? corpusName(record) : corpus;
  };
  return (
    <Card title={t('chart.title')}>
      <figure className={styles.figure} data-chart aria-label={t('chart.title')}>
        <SaveChart
          title={t('chart.title')}
          name="fertility"
          table={() => ({
            columns: ['tokenizer', 'corpus', 'vocabulary', 'tokens_per_character'],
            rows: measured.flatMap(({ side, curve }) =>
              (curve ?? []).flatMap(({ vocabulary, tokensPerCharacter }) =>
                Object.entries(tokensPerCharacter).map(([corpus, value]) => [side, corpus, vocabulary, value]),
              ),
            ),
          })}
        />
        <ul className={styles.legend}>
          {measured.map(({ side, name }) => (
            <li key={side}>
              <svg width="26" height="8" aria-hidden>
                <line x1="0" x2="26" y1="4" y2="4" stroke="var(--ink)" strokeWidth="2" strokeDasharray={side === 'a' ? '' : '6 4'} />
              </svg>
              {side.toUpperCase()} · {name}
            </li>
          ))}
          {[...new Set(lines.map(({ corpus }) => corpus))].map((corpus) => (
            <li key={corpus}>
              <ChannelTag id={named(corpus)} corpus={corpus} />
            </li>
          ))}
        </ul>
        <div className={styles.plot} ref={ref} data-testid="fertility-chart">
          {scale === null && <Skeleton lines={7} />}
          {scale && width > 0 && (
            <div aria-hidden>
              <Suspense fallback={null}>
                <FertilityPlot
                  width={width}
                  height={height}
                  lines={lines}
                  scale={scale}
                  formatSize={formatters.size}
                  formatFertility={formatters.fertility}
                  words={words}
                />
              </Suspense>
            </div>
          )}
        </div>
        <figcaption className={styles.lead}>{t('chart.note')}</figcaption>
        <details>
          <summary>{t('chart.table')}</summary>
          <div className={styles.scroll} role="region" aria-label={t('chart.table')} tabIndex={0}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col" className={styles.first}>
                    {t('chart.size')}
                  </th>
                  {corpora.map((corpus) => (
                    <th key={corpus.id} scope="col">
                      {corpusName(corpus)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {measured.flatMap(({ side, curve }) =>
                  (curve ?? []).map(({ vocabulary, tokensPerCharacter }) => (
                    <tr key={`${side}-${vocabulary}`}>
                      <th scope="row" className={styles.first}>
                        {side.toUpperCase()} · {format.count(vocabulary)}
                      </th>
                      {corpora.map(({ id }) => (
                        <td key={id}>{format.decimal(tokensPerCharacter[id] ?? null, 3)}</td>
                      ))}
                    </tr>
                  )),
                )}
              </tbody>
            </table>
          </div>
        </details>
      </figure>
    </Card>
  );
}
