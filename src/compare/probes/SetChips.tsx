/** The studio's sets by language and the person's own, each to be asked or not. */
import { Chip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useMeasures } from '../measures-store';
import { useSetName } from './names';
import { useProbeSets } from './store';
import styles from './Probes.module.css';

export function SetChips() {
  const { t } = useTranslation('measures');
  const { shipped, own } = useProbeSets();
  const setName = useSetName();
  const elsewhere = shipped.filter(({ source }) => source !== 'Crossfade');
  return (
    <>
      {(['en', 'zh'] as const).map((language) => (
        <Row
          key={language}
          label={t(`probes.language.${language}`)}
          sets={shipped.filter((set) => set.language === language).map((set) => ({ id: set.id, name: setName(set), items: set.items }))}
        />
      ))}
      <Row label={t('probes.own.label')} sets={own.map(({ id, name, items }) => ({ id, name, items }))} />
      {elsewhere.length > 0 && (
        <details className={styles.sources}>
          <summary>{t('probes.sources')}</summary>
          <ul>
            {elsewhere.map((set) => (
              <li key={set.id}>
                {setName(set)}: {set.source} ({set.licence})
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Row({ label, sets }: { label: string; sets: readonly { id: string; name: string; items: number }[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const chosen = useProbeSets((state) => state.chosen);
  const toggle = useProbeSets((state) => state.toggle);
  const running = useMeasures((state) => state.running === 'probes');
  if (sets.length === 0) return null;
  return (
    <div className={styles.row} role="group" aria-label={label}>
      <span className={styles.rowLabel} aria-hidden>
        {label}
      </span>
      {sets.map(({ id, name, items }) => (
        <Chip
          key={id}
          size="xs"
          variant="outline"
          checked={chosen.includes(id)}
          disabled={running}
          onChange={() => toggle(id)}
          data-testid={`probe-set-${id}`}
        >
          {t('probes.chip', { name, items: format.count(items) })}
        </Chip>
      ))}
    </div>
  );
}
