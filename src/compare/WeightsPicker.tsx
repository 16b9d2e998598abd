/** One side's weights: a searchable list of base models and of checkpoints, grouped by run. */
import { useMemo } from 'react';
import { Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { useSourceName } from './names';
import { useCompare, type Side } from './store';
import styles from './Picker.module.css';

export function WeightsPicker({ side }: { side: Side }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const sourceName = useSourceName();
  const groups = useCompare((state) => state.groups);
  const value = useCompare((state) => state.address[side]);
  const choose = useCompare((state) => state.choose);
  const data = useMemo(() => {
    const taken = new Set<string>();
    return groups.map(({ run, sources }) => {
      let group = run ? `${run.name} · ${format.dateTime(run.createdAt)}` : t('group.models');
      // Two runs of one name in one minute must stay two groups.
      while (taken.has(group)) group += ' ′';
      taken.add(group);
      return { group, items: sources.map((source) => ({ value: source.key, label: sourceName(source) })) };
    });
  }, [groups, format, sourceName, t]);
  return (
    <div className={styles.side} data-side={side}>
      <span className={styles.letter} aria-hidden>
        {side.toUpperCase()}
      </span>
      <Select
        className={styles.select}
        aria-label={t(`pick.${side}`)}
        data-testid={`weights-${side}`}
        data={data}
        value={value}
        onChange={(key) => key !== null && choose(side, key)}
        searchable
        allowDeselect={false}
        nothingFoundMessage={t('pick.nothing')}
        placeholder={t('pick.search')}
        // Mantine's scroll area puts a focusable box between the list and its options, which hides them from a reader.
        withScrollArea={false}
        classNames={{ dropdown: styles.dropdown ?? '' }}
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      />
    </div>
  );
}
