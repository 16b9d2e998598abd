/** Which probe sets are asked: the bundled ones by language, and a person's own, with the import of their files. */
import { useState } from 'react';
import { Button, Chip, CloseButton } from '@mantine/core';
import { FilePlus2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { OwnProbeSet } from '../../contract/library';
import type { PublicShape } from '../../core/probes/public-shapes';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/Banner';
import { Confirm } from '../../ui/Dialog';
import { FileDrop } from '../../ui/FileDrop';
import { useMeasures } from '../measures';
import { useFaultText, useSetName } from './names';
import { useProbeSets, type TakenProbeSet } from './store';
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

const EXAMPLES = [
  '{"prompt": "The organ that pumps blood is the", "choices": [" heart", " liver"], "answer": 0, "group": "anatomy"}',
  '{"good": "The wound has healed.", "bad": "The wound have healed.", "group": "grammar"}',
  '{"prompt": "Inflammation of the pancreas is called", "reference": " pancreatitis", "group": "terms"}',
  '{"prompt": "A fever starts at", "reference": " 38 °C", "pattern": "\\\\b38\\\\b", "group": "terms"}',
];

/** A person's own questions: files imported, the faults found in them, and the sets that are kept. */
export function OwnSets() {
  const { t } = useTranslation('measures');
  const { own, taken, error, takeIn, dismissError } = useProbeSets();
  return (
    <details className={styles.own}>
      <summary>
        <FilePlus2 size={14} aria-hidden /> {t('probes.own.title')}
      </summary>
      <div className={styles.ownBody}>
        <FileDrop
          title={t('probes.own.drop')}
          hint={t('probes.own.hint')}
          pick={t('probes.own.pick')}
          accept=".jsonl,.json,.ndjson,.txt"
          onFiles={(files) => void takeIn(files)}
        />
        <div>
          <p className={styles.dim}>{t('probes.own.format')}</p>
          <pre className={styles.example} tabIndex={0} aria-label={t('probes.own.format')}>
            {EXAMPLES.join('\n')}
          </pre>
        </div>
        {error && (
          <div className={styles.bleed}>
            <ErrorBanner error={error} onDismiss={dismissError} />
          </div>
        )}
        {taken
          .filter(({ items }) => items === 0)
          .map((set) => (
            <div key={set.id} role="status">
              <p>{t('probes.own.notKept', { name: set.name })}</p>
              <Offers set={set} />
              <BadLines set={set} open />
            </div>
          ))}
        {own.length > 0 && (
          <ul className={styles.ownList} aria-label={t('probes.own.label')}>
            {own.map((set) => (
              <OwnSet key={set.id} set={set} fresh={taken.find(({ id }) => id === set.id)} />
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

function OwnSet({ set, fresh }: { set: OwnProbeSet; fresh: TakenProbeSet | undefined }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const remove = useProbeSets((state) => state.remove);
  const [asking, setAsking] = useState(false);
  return (
    <li data-testid="own-probe-set">
      <div className={styles.ownHead}>
        <strong>{set.name}</strong>
        <span className={styles.dim}>
          {t('probes.own.items', { count: set.items, shown: format.count(set.items) })} · {format.dateTime(set.createdAt)}
        </span>
        <CloseButton size="sm" aria-label={t('probes.own.remove', { name: set.name })} onClick={() => setAsking(true)} />
      </div>
      {fresh && <Offers set={fresh} />}
      {set.badLines > 0 && <BadLines set={set} open={fresh !== undefined} />}
      <Confirm
        opened={asking}
        title={t('probes.own.remove', { name: set.name })}
        confirm={t('probes.own.removeYes')}
        onConfirm={() => {
          setAsking(false);
          void remove(set.id);
        }}
        onClose={() => setAsking(false)}
      >
        <p>{t('probes.own.removeText')}</p>
      </Confirm>
    </li>
  );
}

/** Other ways to read the file: public shapes by their mapping, and blanks where words would join. */
function Offers({ set }: { set: TakenProbeSet }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const readAgain = useProbeSets((state) => state.readAgain);
  const { shapes = {}, blanks = 0 } = set.offers ?? {};
  const known = Object.entries(shapes) as [PublicShape, number][];
  const lines = known.reduce((sum, [, count]) => sum + count, 0);
  return (
    <>
      {lines > 0 && (
        <div className={styles.offer} role="status">
          <p>
            {t('probes.own.mapped', {
              count: lines,
              shown: format.count(lines),
              shapes: known.map(([shape]) => t(`probes.shape.${shape}`)).join('; '),
            })}
          </p>
          <Button size="xs" variant="default" onClick={() => void readAgain(set, { map: true })}>
            {t('probes.own.map', { count: lines, shown: format.count(lines) })}
          </Button>
        </div>
      )}
      {blanks > 0 && (
        <div className={styles.offer} role="status">
          <p>{t('probes.own.joined', { count: blanks, shown: format.count(blanks) })}</p>
          <Button size="xs" variant="default" onClick={() => void readAgain(set, { blanks: true })}>
            {t('probes.own.addBlanks')}
          </Button>
        </div>
      )}
    </>
  );
}

function BadLines({ set, open }: { set: OwnProbeSet; open: boolean }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const faultText = useFaultText();
  const more = set.badLines - set.bad.length;
  return (
    <details className={styles.bad} open={open}>
      <summary>{t('probes.own.bad', { count: set.badLines, shown: format.count(set.badLines) })}</summary>
      <ul data-testid="bad-lines">
        {set.bad.map(({ line, fault }) => (
          <li key={line}>
            <b>{t('probes.own.line', { line: format.count(line) })}</b> {faultText(fault)}
          </li>
        ))}
        {more > 0 && <li className={styles.dim}>{t('probes.own.more', { count: more, shown: format.count(more) })}</li>}
      </ul>
    </details>
  );
}
