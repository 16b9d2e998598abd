/** A person's own text: each token's loss under A, B and the third, coloured by the difference of one of them to A. */
import { useMemo, useState, type CSSProperties, type KeyboardEvent } from 'react';
import { Button, SegmentedControl, Textarea } from '@mantine/core';
import { Highlighter } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { Delta } from '../../ui/Figure';
import { visibleText } from '../figures';
import { useCompare } from '../store';
import { tokenChanges, useTokens, type TokenChange, type TokenChanges } from './tokens-store';
import styles from './Token.module.css';

export function TokenPanel() {
  const { t } = useTranslation('compare');
  const { text, setText, scoreText, losses, versus, holdAgainst, error } = useTokens();
  const changes = useMemo(() => losses && tokenChanges(losses, versus), [losses, versus]);
  const third = losses?.some(({ c }) => c !== undefined) === true;
  const activity = useCompare((state) => state.activity);
  const stale = changes !== null && changes.tokens.map((token) => token.text).join('') !== text;
  return (
    <Card title={t('tokens.title')}>
      <div className={styles.input}>
        <Textarea
          aria-label={t('tokens.label')}
          data-testid="token-text"
          placeholder={t('tokens.placeholder')}
          autosize
          minRows={2}
          maxRows={10}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void scoreText();
          }}
        />
        <Button
          size="xs"
          leftSection={<Highlighter size={14} />}
          loading={activity === 'score'}
          disabled={(activity !== null && activity !== 'score') || text.trim() === ''}
          onClick={() => void scoreText()}
        >
          {t('tokens.run')}
        </Button>
      </div>
      {error && (
        <div className={styles.error}>
          <ErrorBanner error={error} onRetry={() => void scoreText()} />
        </div>
      )}
      {third && (
        <SegmentedControl
          size="xs"
          className={styles.versus ?? ''}
          aria-label={t('tokens.versus')}
          value={versus}
          onChange={(value) => holdAgainst(value)}
          data={[
            { value: 'b', label: 'B − A' },
            { value: 'c', label: 'C − A' },
          ]}
        />
      )}
      {changes && <ColouredText changes={changes} stale={stale} />}
    </Card>
  );
}

function ColouredText({ changes, stale }: { changes: TokenChanges; stale: boolean }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const [active, setActive] = useState<number | null>(null);
  const { tokens, limit, sum, mean, predicted } = changes;
  const chosen = active === null ? null : (tokens[active] ?? null);

  const move = (event: KeyboardEvent) => {
    const last = tokens.length - 1;
    const from = active ?? -1;
    const to = { ArrowRight: from + 1, ArrowDown: from + 1, ArrowLeft: from - 1, ArrowUp: from - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setActive(Math.min(last, Math.max(0, to)));
  };
  const verdict = Math.abs(sum) < 0.0005 ? 'same' : sum < 0 ? 'better' : 'worse';
  return (
    <div className={styles.result}>
      <p className={styles.sum} role="status">
        <strong>{t('tokens.sum', { count: predicted, sum: format.delta(sum), mean: format.delta(mean) })}</strong> {t(`tokens.${verdict}`)}
        {stale && <span className={styles.stale}> {t('tokens.stale')}</span>}
      </p>
      <Legend limit={limit} />
      <div
        className={styles.tokens}
        role="listbox"
        tabIndex={0}
        aria-label={t('tokens.result')}
        aria-activedescendant={active === null ? undefined : `token-${active}`}
        onKeyDown={move}
        onFocus={() => setActive((now) => now ?? 0)}
        onMouseLeave={() => setActive(null)}
      >
        {tokens.map((token, at) => (
          <Token key={at} at={at} token={token} active={at === active} onPoint={setActive} />
        ))}
      </div>
      <div className={styles.readout} data-testid="token-readout">
        {chosen === null ? (
          <span>{t('tokens.hint')}</span>
        ) : (
          <>
            <code>{visibleText(chosen.text)}</code>
            <span>
              A <b>{format.loss(chosen.a)}</b>
            </span>
            <span>
              B <b>{format.loss(chosen.b)}</b>
            </span>
            {chosen.c !== undefined && (
              <span>
                C <b>{format.loss(chosen.c)}</b>
              </span>
            )}
            <span className={styles.readoutDelta}>
              Δ <Delta value={chosen.delta} />
            </span>
          </>
        )}
      </div>
    </div>
  );
}

interface TokenProps {
  at: number;
  token: TokenChange;
  active: boolean;
  onPoint: (at: number) => void;
}

function Token({ at, token, active, onPoint }: TokenProps) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const text = visibleText(token.text);
  const label = token.delta === null ? t('tokens.first', { text }) : t('tokens.token', { text, delta: format.delta(token.delta) });
  // A line break alone has no width to colour: its sign stands before it.
  const shown = /^\n+$/.test(token.text) ? `⏎${token.text}` : token.text;
  return (
    <span
      id={`token-${at}`}
      role="option"
      aria-selected={active}
      aria-label={label}
      className={styles.token}
      data-direction={token.direction}
      data-active={active}
      style={{ '--strength': token.strength } as CSSProperties}
      onMouseEnter={() => onPoint(at)}
      onClick={() => onPoint(at)}
    >
      {shown}
    </span>
  );
}

function Legend({ limit }: { limit: number }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const shown = format.decimal(limit, 1);
  const steps = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1];
  return (
    <div className={styles.legend} role="img" aria-label={t('tokens.legend', { limit: shown })}>
      <span>{t('tokens.legendBetter')}</span>
      <span>−{shown}</span>
      <span className={styles.ramp}>
        {steps.map((step) => (
          <i
            key={step}
            className={styles.token}
            data-direction={step < 0 ? 'better' : step > 0 ? 'worse' : 'same'}
            style={{ '--strength': Math.abs(step) } as CSSProperties}
          />
        ))}
      </span>
      <span>+{shown}</span>
      <span>{t('tokens.legendWorse')}</span>
    </div>
  );
}
