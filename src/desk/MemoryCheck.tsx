/** Before a run: does it fit into the device's memory, and if not, what to change. Shows nothing while it fits. */
import { Button } from '@mantine/core';
import { MemoryStick } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import { fits, memoryRemedy, trainingMemory } from '../core/model/memory';
import { memoryDemand, withDemand } from '../core/recipe/edits';
import { useDevice } from '../lab/device-store';
import { Banner } from '../ui/Banner';
import { MemoryRemedyText } from '../diagnosis/words';
import { useActive } from './live-settings';
import { useRecipe } from './recipe-store';

export default function MemoryCheck({ models }: { models: readonly ModelRecord[] }) {
  const { t } = useTranslation();
  const active = useActive();
  const recipe = useRecipe((state) => state.recipe);
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info.memory : null));
  const record = models.find(({ id }) => id === recipe?.base);
  const config = record?.shape;
  if (active || !recipe?.runnable || !config || !device) return null;
  const demand = memoryDemand(recipe);
  const memory = trainingMemory(config, demand);
  if (fits(memory, device) !== false) return null;
  const remedy = memoryRemedy(config, demand, device);
  return (
    <Banner tone="warn" icon={MemoryStick}>
      <span>
        <MemoryRemedyText memory={memory} device={device} remedy={remedy} />
      </span>
      {remedy && (
        <Button size="xs" onClick={() => useRecipe.getState().edit((before) => withDemand(before, remedy.demand))}>
          {t('memory.apply')}
        </Button>
      )}
    </Banner>
  );
}
