/** The stages that hold rows out, and select and order what is trained on. */
import { useEffect, useState, useRef } from 'react';
import { NativeSelect, Button, CloseButton, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../../contract/library';
import { lab } from '../../lab/lab';
import { useChannelName } from '../../channels/channel';
import { useLanguageName } from '../channels/choices';
import { useWorkshop } from '../channels/store';
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
      <BalanceStage disabled={disabled} />
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

/** Shares of the sources or languages of each channel that has several. */
function BalanceStage({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { balance } = usePipelineSettings((state) => state.settings);
  const set = usePipelineSettings((state) => state.set);
  const { channels, sources, preparations } = useWorkshop();
  const languageName = useLanguageName();
  const channelName = useChannelName();
  /** Parts of a channel: its sources, or the languages that its last preparation found. */
  const partsOf = (channel: string): { id: string; name: string; size: number }[] => {
    if (balance.by === 'source')
      return sources
        .filter((source) => source.channel === channel && source.use === 'split')
        .map(({ id, name, bytes, origin }) => ({ id, name: origin.kind === 'corpus' ? channelName(name) : name, size: bytes }));
    const report = preparations.flatMap((made) => made.report.channels).findLast((made) => made.channel.id === channel);
    const found = report?.histograms.find((histogram) => histogram.name === 'language');
    return (found?.languages ?? []).map((id, at) => ({ id, name: languageName(id), size: found!.rows[at]! }));
  };
  const several = channels.map((channel) => ({ channel, parts: partsOf(channel.id) })).filter(({ parts }) => parts.length > 1);
  const setShares = (channel: string, shares: Record<string, number> | undefined) => {
    const { [channel]: _former, ...others } = balance.shares;
    set('balance', { shares: shares ? { ...others, [channel]: shares } : others });
  };
  return (
    <Stage name="balance" enabled={balance.enabled} disabled={disabled} onToggle={(enabled) => set('balance', { enabled })}>
      <ChoiceField
        label={t('pipeline.balanceBy')}
        value={balance.by}
        choices={['source', 'language'] as const}
        words={(choice) => t(`pipeline.balanceBys.${choice}`)}
        disabled={disabled}
        onChange={(by) => set('balance', { by })}
      />
      <NumberField
        label={t('pipeline.balanceMost')}
        value={balance.most}
        min={1}
        max={16}
        disabled={disabled}
        onChange={(most) => set('balance', { most })}
      />
      {several.length === 0 && <p className={styles.dim}>{t('pipeline.balanceNone')}</p>}
      {several.map(({ channel: { id, name }, parts }) => {
        const all = parts.reduce((sum, { size }) => sum + size, 0);
        const shares = balance.shares[id];
        const known = shares && parts.some((part) => Object.hasOwn(shares, part.id)) ? shares : undefined;
        return (
          <fieldset key={id} className={styles.part}>
            <legend>{name}</legend>
            <Switch
              size="xs"
              label={t('pipeline.balanceOwn', { name })}
              checked={known !== undefined}
              disabled={disabled}
              onChange={(event) =>
                setShares(
                  id,
                  event.currentTarget.checked
                    ? Object.fromEntries(parts.map((part) => [part.id, Number((part.size / all).toFixed(2))]))
                    : undefined,
                )
              }
            />
            {known &&
              parts.map((part) => (
                <SliderField
                  key={part.id}
                  label={t('pipeline.balanceShare', { part: part.name, name })}
                  value={known[part.id] ?? 0}
                  disabled={disabled}
                  onChange={(share) => setShares(id, { ...known, [part.id]: share })}
                />
              ))}
          </fieldset>
        );
      })}
    </Stage>
  );
}
