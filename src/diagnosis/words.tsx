/** A run's symptoms, and what makes a recipe fit the memory, in the person's language. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import type { Symptom } from '../core/diagnosis/symptoms';
import { useFormat } from '../i18n/format';
import type { DeviceMemory, memoryRemedy, TrainingMemory } from '../core/model/memory';

const NONE = {
  channel: '',
  fall: '',
  retention: '',
  gap: '',
  epochs: '',
  peak: '',
  now: '',
  growth: '',
  swing: '',
  loss: '',
  mean: '',
  step: '',
};

/** What a symptom shows, and what it asks for. */
export function useSymptomWords(): (symptom: Symptom) => { what: string; advice: string } {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const tag = useChannelTag();
  return useCallback(
    ({ kind, values }) => {
      const write: Record<string, (value: number) => string> = {
        retention: format.retention,
        step: format.count,
        epochs: (value) => format.decimal(value, 1),
      };
      const shown: Record<string, unknown> = { ...NONE };
      for (const [name, value] of Object.entries(values))
        shown[name] = typeof value === 'string' ? tag(value) : (write[name]?.(value) ?? format.decimal(value, 2));
      return { what: t(`reading.${kind}.what`, shown), advice: t(`reading.${kind}.do`, shown) };
    },
    [t, format, tag],
  );
}

/** Training that does not fit into memory, in words: by how much, and what to change. */
interface Props {
  memory: TrainingMemory;
  device: DeviceMemory;
  remedy: ReturnType<typeof memoryRemedy>;
}

export function MemoryRemedyText({ memory, device, remedy }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { largestWeight } = memory;
  if (device.largestTensor !== null && largestWeight.bytes > device.largestTensor)
    return t('memory.weight', {
      tensor: largestWeight.name,
      needed: format.bytes(largestWeight.bytes),
      offered: format.bytes(device.largestTensor),
    });
  const tooLarge = device.largestTensor !== null && memory.largestTensor > device.largestTensor;
  const what = tooLarge
    ? t('memory.tensor', { needed: format.bytes(memory.largestTensor), offered: format.bytes(device.largestTensor) })
    : t('memory.total', { needed: format.bytes(memory.total), offered: format.bytes(device.total) });
  if (!remedy) return `${what} ${t('memory.hopeless')}`;
  const { demand } = remedy;
  const name = {
    rows: () => t('memory.remedy.rows', { rows: format.count(demand.rows) }),
    checkpointing: () => t('memory.remedy.checkpointing'),
    context: () => t('memory.remedy.context', { tokens: format.count(demand.context) }),
  };
  const changes = remedy.changes.map((change) => name[change]());
  return `${what} ${t('memory.change', { changes: changes.join(t('memory.and')), bytes: format.bytes(remedy.memory.total) })}`;
}
