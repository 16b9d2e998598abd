/** The stages that hold rows out, and select and order what is trained on. */
import { useEffect, useState, useRef } from 'react';
import { NativeSelect, Button, CloseButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../../contract/library';
import { lab } from '../../lab/lab';
import { usePipelineSettings } from './settings-store';
import { FileUp } from 'lucide-react';
import { ErrorBanner } from '../../ui/Banner';
import { ChoiceField, NumberField } from '../../ui/fields';
import { SliderField, Stage } from './fields';
import styles from './Pipeline.module.css';

function DifficultyField({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { base, setBase } = usePipelineSettings();
  const [models, setModels] = useState<readonly ModelRecord[]>([]);
  useEffect(() => {
    let open = true;
    lab.library.models().then(
      (found) => open && setModels(found),
      // Without a list there is one way left, and it stands there.
      () => undefined,
    );
    return () => {
      open = false;
    };
  }, []);
  return (
    <NativeSelect
      size="xs"
      label={t('pipeline.difficulty')}
      description={base === null ? undefined : t('pipeline.difficultyHint')}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      value={base ?? ''}
      disabled={disabled}
      data={[
        { value: '', label: t('pipeline.byLength') },
        ...models.map(({ id, name }) => ({ value: id, label: t('pipeline.byLoss', { model: name }) })),
      ]}
      onChange={(event) => setBase(event.currentTarget.value === '' ? null : event.currentTarget.value)}
    />
  );
}

/** Probe sets of the person's own that no training row may overlap with. */
function ProbeFiles({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { probes, addProbes, removeProbe } = usePipelineSettings();
  const [error, setError] = useState<unknown>(null);
  const input = useRef<HTMLInputElement>(null);
  const read = async (files: readonly File[]) => {
    try {
      addProbes(await Promise.all(files.map(async (file) => ({ name: file.name, content: await file.text() }))));
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <div className={styles.lines}>
      <span className={styles.label}>{t('pipeline.probes')}</span>
      {probes.length > 0 && (
        <ul className={styles.probes}>
          {probes.map(({ name }) => (
            <li key={name}>
              {name}
              <CloseButton size="xs" aria-label={t('removeName', { name })} disabled={disabled} onClick={() => removeProbe(name)} />
            </li>
          ))}
        </ul>
      )}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<FileUp size={13} />}
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        {t('pipeline.addProbes')}
      </Button>
      <span className={styles.dim}>{t('pipeline.probesHint')}</span>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept=".jsonl,.json"
        aria-label={t('pipeline.addProbes')}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          void read(files);
        }}
      />
      {error !== null && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
    </div>
  );
}

/** The stages that part held-out text from train, and choose and order what is trained on. */
export function SelectionStages({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { settings, set } = usePipelineSettings();
  const { split, decontaminate, select, sample, order } = settings;
  return (
    <>
      <Stage name="split" enabled={split.enabled} disabled={disabled} onToggle={(enabled) => set('split', { enabled })}>
        <SliderField
          label={t('pipeline.heldOut')}
          value={split.share}
          max={0.5}
          disabled={disabled}
          onChange={(share) => set('split', { share })}
        />
        <NumberField
          label={t('pipeline.heldOutMost')}
          value={split.most}
          min={1}
          max={1_000_000}
          integer
          disabled={disabled}
          onChange={(most) => set('split', { most })}
        />
      </Stage>
      <Stage
        name="decontaminate"
        enabled={decontaminate.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('decontaminate', { enabled })}
      >
        <NumberField
          label={t('pipeline.tokens')}
          value={decontaminate.tokens}
          min={5}
          max={50}
          integer
          disabled={disabled}
          onChange={(tokens) => set('decontaminate', { tokens })}
        />
        <ChoiceField
          label={t('pipeline.passages')}
          value={decontaminate.passages}
          choices={['cut', 'drop'] as const}
          words={(choice) => t(`pipeline.passage.${choice}`)}
          disabled={disabled}
          onChange={(passages) => set('decontaminate', { passages })}
        />
        <ProbeFiles disabled={disabled} />
      </Stage>
      <Stage
        name="select"
        enabled={select.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('select', { enabled })}
        more={{
          title: t('pipeline.bm25'),
          fields: (
            <>
              <NumberField
                label="k1"
                value={select.k1}
                min={0}
                max={10}
                step={0.1}
                disabled={disabled}
                onChange={(k1) => set('select', { k1 })}
              />
              <SliderField label="b" value={select.b} disabled={disabled} onChange={(b) => set('select', { b })} />
            </>
          ),
        }}
      >
        <SliderField label={t('pipeline.keepShare')} value={select.keep} disabled={disabled} onChange={(keep) => set('select', { keep })} />
        <ChoiceField
          label={t('pipeline.of')}
          value={select.of}
          choices={['general', 'all'] as const}
          words={(choice) => t(`pipeline.ofs.${choice}`)}
          disabled={disabled}
          onChange={(of) => set('select', { of })}
        />
      </Stage>
      <Stage name="sample" enabled={sample.enabled} disabled={disabled} onToggle={(enabled) => set('sample', { enabled })}>
        <NumberField
          label={t('pipeline.ratio')}
          value={sample.ratio}
          min={0}
          max={1000}
          step={0.5}
          disabled={disabled}
          onChange={(ratio) => set('sample', { ratio })}
        />
      </Stage>
      <Stage name="order" disabled={disabled}>
        <ChoiceField
          label={t('pipeline.order')}
          value={order.kind}
          choices={['source', 'shuffled', 'curriculum'] as const}
          words={(choice) => t(`pipeline.orders.${choice}`)}
          disabled={disabled}
          onChange={(kind) => set('order', { kind })}
        />
        {order.kind === 'curriculum' && <DifficultyField disabled={disabled} />}
      </Stage>
    </>
  );
}
