/** The tokenizer page: two tokenizers on one text, their fertility, training, extending a vocabulary, import, and what is stored. */
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { Textarea, ActionIcon, Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../i18n/format';
import { Card, Skeleton } from '../ui/Card';
import { SIDES, shownChoices, useTokenizers, useTokenizerImport, type Side } from './store';
import { MOST_CHARACTERS, useTokenText } from './tokenized-text';
import { TokenPane, type TextRange } from './TokenPane';
import { FileJson, ArrowLeftRight } from 'lucide-react';
import { ImportForm } from '../ui/ImportForm';
import type { TokenizerRecord } from '../contract/tokenizer';
import { LibraryPage, type Removal } from '../ui/LibraryPage';
import { FertilityCard } from './FertilityCard';
import { FertilityChart } from './FertilityChart';
import { ExtendCard } from './ExtendCard';
import { TokenizerList } from './TokenizerList';
import { TrainCard } from './TrainCard';
import styles from './Page.module.css';
import textStyles from './Text.module.css';

/** Milliseconds without a key before the text is tokenized. */
const PAUSE = 120;
const EXAMPLES = ['medical', 'chinese', 'code', 'emoji'] as const;

/** Any text coloured by token, under one tokenizer or two side by side, as it is typed. */
function TextCard() {
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
      <div className={textStyles.examples} role="group" aria-label={t('text.examples')}>
        <span aria-hidden>{t('text.examples')}</span>
        {EXAMPLES.map((example) => (
          <button key={example} type="button" onClick={() => setText(t(`text.sample.${example}`))}>
            {t(`text.sampleName.${example}`)}
          </button>
        ))}
      </div>
      {text.length > MOST_CHARACTERS && (
        <p className={textStyles.note} role="status">
          {t('text.cut', { count: MOST_CHARACTERS, formatted: format.count(MOST_CHARACTERS) })}
        </p>
      )}
      {fewer !== null && (
        <p className={textStyles.verdict} role="status" data-testid="token-verdict">
          {t(Math.abs(fewer) < 0.0005 ? 'text.same' : fewer > 0 ? 'text.fewer' : 'text.more', { percent: format.percent(Math.abs(fewer)) })}
        </p>
      )}
      <div className={textStyles.panes} data-count={shown.length}>
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

/** Import of a tokenizer.json, alone or with its tokenizer_config.json. */
function ImportCard() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const importing = useTokenizerImport();
  return (
    <ImportForm
      importing={importing}
      words={{
        title: t('import.title'),
        drop: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        forget: t('import.forget'),
        name: t('name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      accept=".json,.txt"
      fileIcon={<FileJson size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      done={({ name, size }) => t('import.done', { name, size: format.count(size) })}
    />
  );
}

function Pickers() {
  const { t } = useTranslation('tokenizer');
  const swap = useTokenizers((state) => state.swap);
  const { b } = useTokenizers((state) => state.chosen);
  return (
    <div className={styles.row}>
      {SIDES.map((side) => (
        <div key={side} className={styles.side} data-side={side}>
          {side === 'b' && (
            <ActionIcon variant="default" size={30} aria-label={t('pick.swap')} disabled={b === null} onClick={swap}>
              <ArrowLeftRight size={15} />
            </ActionIcon>
          )}
          <span className={styles.letter} aria-hidden>
            {side.toUpperCase()}
          </span>
          <Picker side={side} />
        </div>
      ))}
    </div>
  );
}

function Picker({ side }: { side: Side }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const choices = useTokenizers((state) => state.choices);
  const chosen = useTokenizers((state) => state.chosen);
  const choose = useTokenizers((state) => state.choose);
  const items = (models: boolean) =>
    choices
      .filter((choice) => (choice.model !== null) === models && (side === 'a' || choice.key !== chosen.a))
      .map(({ key, name, size }) => ({ value: key, label: `${name} · ${format.count(size)}` }));
  const groups = [
    { group: t('pick.models'), items: items(true) },
    { group: t('pick.own'), items: items(false) },
  ].filter((group) => group.items.length > 0);
  const value = side === 'b' && chosen.b === chosen.a ? null : chosen[side];
  return (
    <Select
      className={styles.select ?? ''}
      aria-label={t(`pick.${side}`)}
      data-testid={`tokenizer-${side}`}
      data={groups}
      value={value}
      onChange={(key) => (key !== null || side === 'b') && choose(side, key)}
      searchable
      clearable={side === 'b'}
      clearButtonProps={{ 'aria-label': t('pick.clear') }}
      allowDeselect={false}
      nothingFoundMessage={t(choices.length < 2 ? 'pick.none' : 'pick.nothing')}
      placeholder={t(side === 'b' ? 'pick.second' : 'pick.search')}
      // Mantine's scroll area puts a focusable box between the list and its options, which hides them from a reader.
      withScrollArea={false}
      classNames={{ dropdown: styles.dropdown ?? '' }}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  );
}

export default function Page() {
  const { t } = useTranslation('tokenizer');
  const { list, listError, failure, load, remove, dismiss } = useTokenizers();
  const removal: Removal<TokenizerRecord> = {
    title: (name) => t('delete.title', { name }),
    confirm: t('delete.confirm'),
    remove,
    words: () => (
      <>
        <p>{t('delete.lost')}</p>
        <p>{t('delete.stays')}</p>
      </>
    ),
  };
  return (
    <LibraryPage title={t('title')} tools={<Pickers />} state={{ load, listError, failure, dismiss }} removal={removal}>
      {(askRemoval) => (
        <>
          {list === 'loading' && (
            <Card>
              <Skeleton lines={8} />
            </Card>
          )}
          {list === 'ready' && (
            <>
              <TextCard />
              <div className={styles.fertility}>
                <FertilityCard />
                <FertilityChart />
              </div>
              <div className={styles.columns}>
                <TrainCard />
                <div id="extend-vocabulary" className={styles.target}>
                  <ExtendCard />
                </div>
              </div>
              <TokenizerList onRemove={askRemoval} />
            </>
          )}
          <ImportCard />
        </>
      )}
    </LibraryPage>
  );
}
