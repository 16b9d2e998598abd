/** One tokenizer's view of the text: counts, the tokens in alternating colours, and what the one pointed at is. */
import { memo, useMemo, useState, type KeyboardEvent, type CSSProperties } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenSpan, WrittenToken } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';
import { useWrittenTokens } from './written-tokens';
import { ErrorBanner } from '../ui/Banner';
import { Skeleton } from '../ui/Card';
import { drawTokens, hex, spelled, type DrawnToken, MOST_DRAWN, type TokenizedSide, signOf, TONES, visibleParts } from './tokenized-text';
import type { TokenizerChoice } from './refs';
import type { Side } from './store';
import styles from './Text.module.css';

/** Of the text, in UTF-16 units: what is pointed at on either side is marked on both. */
export interface TextRange {
  side: Side;
  start: number;
  end: number;
}

interface TokenPaneProps {
  side: Side;
  choice: TokenizerChoice;
  outcome: TokenizedSide | null;
  /** There is no text yet. */
  empty: boolean;
  range: TextRange | null;
  onRange: (range: TextRange | null) => void;
}

export function TokenPane({ side, choice, outcome, empty, range, onRange }: TokenPaneProps) {
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
          <WrittenTokens special={result.special} />
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

function WrittenTokens({ special }: { special: readonly WrittenToken[] }) {
  const { t } = useTranslation('tokenizer');
  const words = useWrittenTokens();
  if (special.length === 0) return null;
  return (
    <p className={styles.note} role="status" data-testid="written-tokens">
      {t('special.text', { tokens: words(special) })}
    </p>
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

interface TokenTextProps {
  side: Side;
  tokens: readonly DrawnToken[];
  active: number | null;
  range: TextRange | null;
  onPoint: (token: DrawnToken) => void;
}

function TokenText({ side, tokens, active, range, onPoint }: TokenTextProps) {
  return tokens.map((token) =>
    token.pieces.length === 0 ? (
      <span key={token.index} className={styles.gap} aria-hidden>
        <Visible text={token.text} />
      </span>
    ) : (
      <Token
        key={token.index}
        side={side}
        token={token}
        active={token.index === active}
        marked={range !== null && range.side !== side && token.start < range.end && token.end > range.start}
        onPoint={onPoint}
      />
    ),
  );
}

interface TokenProps {
  side: Side;
  token: DrawnToken;
  active: boolean;
  marked: boolean;
  onPoint: (token: DrawnToken) => void;
}

const Token = memo(
  function Token({ side, token, active, marked, onPoint }: TokenProps) {
    const { t } = useTranslation('tokenizer');
    const { pieces, text, tone } = token;
    const ids = pieces.map(({ id }) => id).join(', ');
    return (
      <span
        id={`token-${side}-${token.index}`}
        role="option"
        aria-selected={active}
        aria-label={t('text.token', { text: spelled(text), ids })}
        className={styles.token}
        data-kind={pieces[0]!.kind}
        data-ids={ids}
        data-active={active}
        data-marked={marked}
        style={{ '--ground': ground(tone, pieces.length) } as CSSProperties}
        onMouseEnter={() => onPoint(token)}
        onClick={() => onPoint(token)}
      >
        {/* A blank that the tokenizer put before the text has no width of its own. */}
        {text === '' ? <i className={styles.sign} aria-hidden data-sign={spelled(pieces[0]!.token)} /> : <Visible text={text} />}
      </span>
    );
  },
  (before, after) => before.token === after.token && before.active === after.active && before.marked === after.marked,
);

/** One colour, or as many stripes as there are pieces. */
function ground(tone: number, pieces: number): string {
  const colour = (at: number) => `var(--tone-${(tone + at) % TONES})`;
  const stripes = Array.from({ length: pieces }, (_, at) => `${colour(at)} ${(at / pieces) * 100}% ${((at + 1) / pieces) * 100}%`);
  return `linear-gradient(to right, ${stripes.join(', ')})`;
}

function Visible({ text }: { text: string }) {
  return visibleParts(text).map(({ kind, text: part }, at) => {
    if (kind === 'blank')
      return (
        <span key={at} className={styles.blank}>
          {' '}
        </span>
      );
    if (kind === 'text') return <span key={at}>{part}</span>;
    return (
      <span key={at}>
        <i className={styles.sign} aria-hidden data-sign={kind === 'break' ? '⏎' : signOf(part)} />
        {kind === 'break' || part === '\t' ? part : ''}
      </span>
    );
  });
}
