/** The stages that change text: personal data masked, copies for a small domain. */
import { Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { personalKinds } from '../../core/corpus/settings';
import { NumberField } from '../../ui/NumberField';
import { ChoiceField } from './ChoiceField';
import { LineListField } from './LineListField';
import { SliderField } from './SliderField';
import { Stage } from './Stage';
import { synonymLines } from './faults';
import { usePipelineSettings } from './settings-store';

const OPERATIONS = ['deletion', 'swap', 'insertion', 'synonym', 'noise'] as const;

export function ChangingStages({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { settings, set } = usePipelineSettings();
  const { personal, augment } = settings;
  return (
    <>
      <Stage name="personal" disabled={disabled}>
        {personalKinds.map((kind) => (
          <Switch
            key={kind}
            size="xs"
            label={t('pipeline.mask', { kind: t(`personal.${kind}`) })}
            checked={personal.mask[kind]}
            disabled={disabled}
            onChange={(event) => set('personal', { mask: { ...personal.mask, [kind]: event.currentTarget.checked } })}
          />
        ))}
      </Stage>
      <Stage
        name="augment"
        enabled={augment.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('augment', { enabled })}
        more={{
          title: t('pipeline.synonymList'),
          fields: (
            <LineListField
              label={t('pipeline.synonyms')}
              help={t('pipeline.synonymsHint')}
              value={augment.synonyms.map((group) => group.join(', ')).join('\n')}
              disabled={disabled}
              onChange={(text) => set('augment', { synonyms: synonymLines(text) })}
            />
          ),
        }}
      >
        <ChoiceField
          label={t('pipeline.of')}
          value={augment.of}
          choices={['domain', 'all'] as const}
          words={(choice) => t(`pipeline.ofs.${choice}`)}
          disabled={disabled}
          onChange={(of) => set('augment', { of })}
        />
        <NumberField
          label={t('pipeline.copies')}
          value={augment.copies}
          min={1}
          max={16}
          integer
          disabled={disabled}
          onChange={(copies) => set('augment', { copies })}
        />
        {OPERATIONS.map((operation) => (
          <SliderField
            key={operation}
            label={t(`augmentation.${operation}`)}
            value={augment[operation]}
            max={0.5}
            disabled={disabled}
            onChange={(share) => set('augment', { [operation]: share })}
          />
        ))}
      </Stage>
    </>
  );
}
