/** The stages that part held-out text from train, and choose and order what is trained on. */
import { useTranslation } from 'react-i18next';
import { NumberField } from '../../ui/NumberField';
import { ChoiceField } from './ChoiceField';
import { DifficultyField } from './DifficultyField';
import { ProbeFiles } from './ProbeFiles';
import { SliderField } from './SliderField';
import { Stage } from './Stage';
import { usePipelineSettings } from './settings-store';

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
