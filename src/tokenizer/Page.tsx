/** The tokenizer page: two tokenizers on one text, their fertility, training, extending a vocabulary, import, and what is stored. */
import { FileJson, ArrowLeftRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
import { useTokenizerImport, SIDES, useTokenizers, type Side } from './store';
import { ActionIcon, Select } from '@mantine/core';
import type { TokenizerRecord } from '../contract/tokenizer';
import { Card, Skeleton } from '../ui/Card';
import { LibraryPage, type Removal } from '../ui/LibraryPage';
import { FertilityCard } from './FertilityCard';
import { FertilityChart } from './FertilityChart';
import { ExtendCard } from './ExtendCard';
import { TextCard } from './TextCard';
import { TokenizerList } from './TokenizerList';
import { TrainCard } from './TrainCard';
import styles from './Page.module.css';

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
    <LibraryPage
      title={t('title')}
      tools={<Pickers />}
      load={load}
      listError={listError}
      failure={failure}
      onDismiss={dismiss}
      removal={removal}
    >
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
