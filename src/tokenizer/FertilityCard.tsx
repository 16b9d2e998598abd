/** Tokens per character and per word, bytes per token and what cannot be written, channel by channel; and the domain's terms. */
import { useEffect, useMemo } from 'react';
import { Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import type { TokenCounts } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';
import { useWrittenTokens } from './written-tokens';
import { Card, Skeleton } from '../ui/Card';
import { ChannelTag, useCorpusName } from '../channels/channel';
import { ErrorBanner } from '../ui/Banner';
import { parseTerms, SAMPLE_BYTES, useFertility, type MeasuredSide } from './fertility';
import { SIDES, shownChoices, useTokenizers, type Side } from './store';
import styles from './Fertility.module.css';

/** Milliseconds without a key before the terms are counted. */
const PAUSE = 400;

const FIGURES = ['perCharacter', 'perWord', 'bytesPerToken', 'unknown', 'byteFallback'] as const;
type Figure = (typeof FIGURES)[number];

type Measured = MeasuredSide & { side: Side };

export function useMeasured(): Measured[] {
  const sides = useFertility((state) => state.sides);
  return useMemo(() => SIDES.flatMap((side) => (sides[side] ? [{ side, ...sides[side] }] : [])), [sides]);
}

export function FertilityCard() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpora = useTokenizers(useShallow((state) => state.corpora));
  const choices = useTokenizers((state) => state.choices);
  const chosen = useTokenizers((state) => state.chosen);
  const shown = useMemo(() => shownChoices({ choices, chosen }), [choices, chosen]);
  const { terms, measure } = useFertility();
  const measured = useMeasured();

  useEffect(() => {
    const ids = corpora.map(({ id }) => id);
    const timer = setTimeout(() => {
      for (const side of SIDES) void measure(side, shown.find((one) => one.side === side)?.choice ?? null, ids);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [shown, corpora, terms, measure]);

  return (
    <Card title={t('fertility.title')}>
      <p className={styles.lead}>{t('fertility.lead', { bytes: format.bytes(SAMPLE_BYTES) })}</p>
      {measured.map(({ side, error }) => error && <ErrorBanner key={side} error={error} />)}
      {measured.every(({ report }) => report === null) ? <Skeleton lines={6} /> : <Table measured={measured} />}
      {measured.map((side) => (
        <WrittenTokens key={side.side} measured={side} />
      ))}
      <Terms measured={measured} />
    </Card>
  );
}

/** Special tokens written out in the samples, channel by channel. */
function WrittenTokens({ measured: { name, report } }: { measured: Measured }) {
  const { t } = useTranslation('tokenizer');
  const corpusName = useCorpusName();
  const words = useWrittenTokens();
  const corpora = useTokenizers((state) => state.corpora);
  const found = (report?.channels ?? []).filter(({ special }) => special.length > 0);
  if (found.length === 0) return null;
  const channels = found.map(({ corpus, special }) => {
    const record = corpora.find(({ id }) => id === corpus);
    return `${record ? corpusName(record) : corpus}: ${words(special)}`;
  });
  return <p className={styles.lead}>{t('special.channels', { name, channels: channels.join('; ') })}</p>;
}

function Table({ measured }: { measured: readonly Measured[] }) {
  const { t } = useTranslation('tokenizer');
  const corpusName = useCorpusName();
  const corpora = useTokenizers((state) => state.corpora);
  const two = measured.length === 2;
  return (
    <div className={styles.scroll} role="region" aria-label={t('fertility.table')} tabIndex={0}>
      <table className={styles.table} data-testid="fertility">
        <thead>
          <tr>
            <th scope="col" rowSpan={two ? 2 : 1} className={styles.first}>
              {t('fertility.channel')}
            </th>
            {FIGURES.map((figure) => (
              <th key={figure} scope={two ? 'colgroup' : 'col'} colSpan={measured.length} className={two ? styles.group : ''}>
                {t(`count.${figure}`)}
              </th>
            ))}
            {two && (
              <th scope="col" rowSpan={2}>
                {t('fertility.difference')}
              </th>
            )}
          </tr>
          {two && (
            <tr>
              {FIGURES.flatMap((figure) =>
                measured.map(({ side }) => (
                  <th key={`${figure}-${side}`} scope="col">
                    {side.toUpperCase()}
                  </th>
                )),
              )}
            </tr>
          )}
        </thead>
        <tbody>
          {corpora.map((corpus) => {
            const counts = measured.map(({ report }) => report?.channels.find((channel) => channel.corpus === corpus.id)?.counts ?? null);
            return (
              <tr key={corpus.id} data-channel={corpus.id}>
                <th scope="row" className={styles.first}>
                  <ChannelTag id={corpusName(corpus)} corpus={corpus.id} />
                </th>
                {FIGURES.flatMap((figure) =>
                  counts.map((count, at) => (
                    <td key={`${figure}-${at}`} data-figure={figure} data-bad={figure === 'unknown' && (count?.unknown ?? 0) > 0}>
                      <Value figure={figure} counts={count} />
                    </td>
                  )),
                )}
                {two && (
                  <td>
                    <Difference a={counts[0]?.tokens ?? null} b={counts[1]?.tokens ?? null} />
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Value({ figure, counts }: { figure: Figure; counts: TokenCounts | null }) {
  const format = useFormat();
  if (!counts || counts.tokens === 0) return '—';
  const { tokens, characters, words, bytes } = counts;
  switch (figure) {
    case 'perCharacter':
      return format.decimal(tokens / characters, 3);
    case 'perWord':
      return words === 0 ? '—' : format.decimal(tokens / words, 2);
    case 'bytesPerToken':
      return format.decimal(bytes / tokens, 2);
    default:
      return format.count(counts[figure]);
  }
}

/** Tokens of B against A: below zero, B is shorter. */
function Difference({ a, b }: { a: number | null; b: number | null }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  if (!a || !b) return '—';
  const ratio = b / a - 1;
  const same = Math.abs(ratio) < 0.0005;
  const words = t(same ? 'fertility.same' : ratio < 0 ? 'fertility.shorter' : 'fertility.longer');
  return (
    <span className={styles.difference} data-tone={same ? 'same' : ratio < 0 ? 'good' : 'bad'}>
      {same ? '' : ratio < 0 ? '−' : '+'}
      {format.percent(Math.abs(ratio))} <small>{words}</small>
    </span>
  );
}

function Terms({ measured }: { measured: readonly Measured[] }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { terms, setTerms } = useFertility();
  const list = useMemo(() => parseTerms(terms), [terms]);
  const sides = measured.flatMap(({ side, report }) =>
    report ? [{ side, tokens: new Map(report.terms.map((one) => [one.term, one.tokens])) }] : [],
  );
  return (
    <section className={styles.terms} aria-label={t('terms.title')}>
      <h3>{t('terms.title')}</h3>
      {list.length > 0 && (
        <ul className={styles.shares}>
          {sides.map(({ side, tokens }) => {
            const known = list.filter((term) => tokens.has(term));
            const whole = known.filter((term) => tokens.get(term) === 1).length;
            return (
              <li key={side} data-testid={`terms-${side}`}>
                {sides.length > 1 && <b>{side.toUpperCase()} </b>}
                {t('terms.share', {
                  whole: format.count(whole),
                  all: format.count(known.length),
                  percent: format.percent(known.length === 0 ? null : whole / known.length, 0),
                })}
              </li>
            );
          })}
        </ul>
      )}
      <ul className={styles.termList}>
        {list.map((term) => (
          <li key={term}>
            {term}
            {sides.map(({ side, tokens }) => (
              <span key={side} data-whole={tokens.get(term) === 1} title={t('terms.tokens', { count: tokens.get(term) ?? 0 })}>
                {tokens.get(term) ?? '…'}
              </span>
            ))}
          </li>
        ))}
      </ul>
      <details>
        <summary>{t('terms.edit')}</summary>
        <Textarea
          aria-label={t('terms.label')}
          description={t('terms.hint')}
          autosize
          minRows={4}
          maxRows={12}
          value={terms}
          onChange={(event) => setTerms(event.currentTarget.value)}
        />
      </details>
    </section>
  );
}
