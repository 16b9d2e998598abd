/** Training that does not fit into memory, in words: by how much, and what to change. */
import { useTranslation } from 'react-i18next';
import type { DeviceMemory, memoryRemedy, TrainingMemory } from '../core/model/memory';
import { useFormat } from '../i18n/format';

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
