/** Before a run: does its method go with the base, and does it fit into the device's memory; if not, what to change. Else nothing is shown. */
import { Button } from '@mantine/core';
import { MemoryStick } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import { fits, memoryRemedy, trainingMemory } from '../core/model/memory';
import { methodFault } from '../core/model/trained';
import { memoryDemand, withDemand } from '../core/recipe/edits';
import { useDevice } from '../lab/device-store';
import { Banner, ErrorBanner } from '../ui/Banner';
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
  if (active || !recipe?.runnable || !config) return null;
  const fault = recipe.method && methodFault(config, recipe.method, recipe.sequenceLength);
  if (fault) return <ErrorBanner error={{ code: 'recipe-invalid', message: '', values: { ...fault } }} />;
  if (!device) return null;
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
