/** One tokenizer's view of the text: counts, the tokens in colours, and what the one pointed at is. */
import { memo, useMemo, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenSpan } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from '../ui/ErrorBanner';
import { Skeleton } from '../ui/Skeleton';
import { drawTokens, hex, spelled, type DrawnToken } from './drawn-tokens';
import type { TokenizerChoice } from './refs';
import type { Side } from './store';
import { MOST_DRAWN, type TokenizedSide } from './text-store';
import { TokenText } from './TokenText';
import styles from './Text.module.css';

/** Of the text, in UTF-16 units: what is pointed at on either side is marked on both. */
export interface TextRange {
  side: Side;
  start: number;
  end: number;
}

interface Props {
  side: Side;
  choice: TokenizerChoice;
  outcome: TokenizedSide | null;
  /** There is no text yet. */
  empty: boolean;
  range: TextRange | null;
  onRange: (range: TextRange | null) => void;
}

export function TokenPane({ side, choice, outcome, empty, range, onRange }: Props) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const result = outcome?.result ?? null;
  return (
    <section className={styles.pane} data-side={side} data-testid={`pane-${side}`} aria-label={choice.name}>
      <div className={styles.paneHead}>
        <span className={styles.letter} aria-hidden>
          {side.toUpperCase()}
        </span>
        <h3>{choice.name}</h3>
        <span className={styles.dim}>{t('ids', { formatted: format.count(choice.size) })}</span>
      </div>
      {outcome?.state === 'failed' && <ErrorBanner error={outcome.error} />}
      {outcome === null && !empty && <Skeleton lines={3} />}
      {result && !empty && (
        <>
          <Counts counts={result.counts} />
          {result.counts.tokens > MOST_DRAWN && (
            <p className={styles.note}>
              {t('text.drawn', { drawn: format.count(MOST_DRAWN), tokens: format.count(result.counts.tokens) })}
            </p>
          )}
          <Coloured side={side} spans={result.spans} range={range} onRange={onRange} />
        </>
      )}
      {empty && <p className={styles.emptyText}>{t('text.empty')}</p>}
    </section>
  );
}

function Counts({ counts }: { counts: NonNullable<TokenizedSide['result']>['counts'] }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { tokens, characters, bytes, unknown, byteFallback } = counts;
  const figures = {
    tokens: format.count(tokens),
    characters: format.count(characters),
    perCharacter: characters === 0 ? '—' : format.decimal(tokens / characters, 3),
    bytesPerToken: tokens === 0 ? '—' : format.decimal(bytes / tokens, 2),
    unknown: format.count(unknown),
    byteFallback: format.count(byteFallback),
  };
  return (
    <dl className={styles.counts}>
      {(Object.keys(figures) as (keyof typeof figures)[]).map((figure) => (
        <div key={figure} data-figure={figure} data-bad={figure === 'unknown' && unknown > 0}>
          <dt>{t(`count.${figure}`)}</dt>
          <dd>{figures[figure]}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ColouredProps {
  side: Side;
  spans: readonly TokenSpan[];
  range: TextRange | null;
  onRange: (range: TextRange | null) => void;
}

const Coloured = memo(function Coloured({ side, spans, range, onRange }: ColouredProps) {
  const { t } = useTranslation('tokenizer');
  const drawn = useMemo(() => drawTokens(spans), [spans]);
  const tokens = useMemo(() => drawn.filter(({ pieces }) => pieces.length > 0), [drawn]);
  const [active, setActive] = useState<number | null>(null);
  const chosen = active === null ? null : (tokens.find(({ index }) => index === active) ?? null);

  const point = (token: DrawnToken | null) => {
    setActive(token?.index ?? null);
    onRange(token && { side, start: token.start, end: token.end });
  };
  const move = (event: KeyboardEvent) => {
    const at = tokens.findIndex(({ index }) => index === active);
    const last = tokens.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const token = tokens[Math.min(last, Math.max(0, to))] ?? null;
    point(token);
    if (token) document.getElementById(`token-${side}-${token.index}`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <>
      <div
        className={styles.tokens}
        role="listbox"
        tabIndex={0}
        aria-label={t('text.tokens', { side: side.toUpperCase() })}
        aria-activedescendant={chosen ? `token-${side}-${chosen.index}` : undefined}
        onKeyDown={move}
        onFocus={() => active === null && point(tokens[0] ?? null)}
        onBlur={() => point(null)}
        onMouseLeave={() => point(null)}
      >
        <TokenText side={side} tokens={drawn} active={active} range={range} onPoint={point} />
      </div>
      <Readout token={chosen} />
    </>
  );
});

function Readout({ token }: { token: DrawnToken | null }) {
  const { t } = useTranslation('tokenizer');
  return (
    <div className={styles.readout} data-testid="token-readout">
      {token === null ? (
        <span>{t('text.hint')}</span>
      ) : (
        <>
          <code className={styles.shown}>{spelled(token.text)}</code>
          {token.pieces.map((piece, at) => (
            <span key={at} className={styles.piece} data-kind={piece.kind}>
              <b>{piece.id}</b>
              <code>{spelled(piece.token)}</code>
              <span>{piece.kind === 'unknown' || piece.kind === 'special' ? t(`piece.${piece.kind}`) : hex(piece.bytes)}</span>
            </span>
          ))}
        </>
      )}
    </div>
  );
}
