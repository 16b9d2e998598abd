/** The text itself, each token in one of the alternating colours; a character in pieces has a stripe of each. */
import { memo, type CSSProperties } from 'react';
import { useTranslation } from 'react-i18next';
import { signOf, spelled, TONES, visibleParts, type DrawnToken } from './drawn-tokens';
import type { Side } from './store';
import type { TextRange } from './TokenPane';
import styles from './Text.module.css';

interface Props {
  side: Side;
  tokens: readonly DrawnToken[];
  active: number | null;
  range: TextRange | null;
  onPoint: (token: DrawnToken) => void;
}

export function TokenText({ side, tokens, active, range, onPoint }: Props) {
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
