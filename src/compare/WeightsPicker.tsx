/** One place's weights: a searchable list of base models and of checkpoints, grouped by run. */
import { useMemo } from 'react';
import { ActionIcon, Select, Tooltip } from '@mantine/core';
import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Letter } from './Letter';
import { useSourceName } from './names';
import { useCompare, type Place } from './store';
import styles from './Picker.module.css';

export function WeightsPicker({ place }: { place: Place }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const sourceName = useSourceName();
  const groups = useCompare((state) => state.groups);
  const value = useCompare((state) => state.address[place]);
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
    <div className={styles.side} data-side={place}>
      <Letter place={place} />
      <Select
        className={styles.select}
        aria-label={t(`pick.${place}`)}
        data-testid={`weights-${place}`}
        data={data}
        value={value}
        onChange={(key) => key !== null && choose(place, key)}
        searchable
        allowDeselect={false}
        nothingFoundMessage={t('pick.nothing')}
        placeholder={t('pick.search')}
        // Mantine's scroll area puts a focusable box between the list and its options, which hides them from a reader.
        withScrollArea={false}
        classNames={{ dropdown: styles.dropdown ?? '' }}
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      />
      {place === 'c' && (
        <Tooltip label={t('pick.removeThird')}>
          <ActionIcon variant="subtle" color="gray" size={28} aria-label={t('pick.removeThird')} onClick={() => choose('c', null)}>
            <X size={15} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}
