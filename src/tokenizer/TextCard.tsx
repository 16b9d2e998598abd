/** Any text coloured by token, under one tokenizer or two side by side, as it is typed. */
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { SIDES, shownChoices, useTokenizers } from './store';
import { MOST_CHARACTERS, useTokenText } from './tokenized-text';
import { TokenPane, type TextRange } from './TokenPane';
import styles from './Text.module.css';

/** Milliseconds without a key before the text is tokenized. */
const PAUSE = 120;
const EXAMPLES = ['medical', 'chinese', 'code', 'emoji'] as const;

export function TextCard() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { text, sides, setText, look } = useTokenText();
  const choices = useTokenizers(useShallow((state) => state.choices));
  const chosen = useTokenizers((state) => state.chosen);
  const shown = useMemo(() => shownChoices({ choices, chosen }), [choices, chosen]);
  const [range, setRange] = useState<TextRange | null>(null);
  const results = useDeferredValue(sides);

  useEffect(() => {
    const timer = setTimeout(() => {
      for (const side of SIDES) void look(side, shown.find((one) => one.side === side)?.choice ?? null);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [text, shown, look]);

  const counts = SIDES.map((side) => results[side]?.result?.counts.tokens ?? null);
  const [a, b] = counts;
  const fewer = a && b && shown.length === 2 ? 1 - b / a : null;
  return (
    <Card title={t('text.title')}>
      <Textarea
        aria-label={t('text.label')}
        data-testid="token-text"
        placeholder={t('text.placeholder')}
        autosize
        minRows={3}
        maxRows={10}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className={styles.examples} role="group" aria-label={t('text.examples')}>
        <span aria-hidden>{t('text.examples')}</span>
        {EXAMPLES.map((example) => (
          <button key={example} type="button" onClick={() => setText(t(`text.sample.${example}`))}>
            {t(`text.sampleName.${example}`)}
          </button>
        ))}
      </div>
      {text.length > MOST_CHARACTERS && (
        <p className={styles.note} role="status">
          {t('text.cut', { count: MOST_CHARACTERS, formatted: format.count(MOST_CHARACTERS) })}
        </p>
      )}
      {fewer !== null && (
        <p className={styles.verdict} role="status" data-testid="token-verdict">
          {t(Math.abs(fewer) < 0.0005 ? 'text.same' : fewer > 0 ? 'text.fewer' : 'text.more', { percent: format.percent(Math.abs(fewer)) })}
        </p>
      )}
      <div className={styles.panes} data-count={shown.length}>
        {shown.map(({ side, choice }) => (
          <TokenPane
            key={side}
            side={side}
            choice={choice}
            outcome={results[side]?.key === choice.key ? results[side] : null}
            empty={text === ''}
            range={range}
            onRange={setRange}
          />
        ))}
      </div>
    </Card>
  );
}
