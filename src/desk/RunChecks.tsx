/**
 * Before a run: does its method go with the base, does it fit into the device's memory, is there room for its checkpoints; if not, what to
 * change. Else nothing is shown.
 */
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { MemoryStick } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import type { RunDemand } from '../core/model/memory';
import { memoryDemand, withDemand } from '../core/recipe/edits';
import { useDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { Banner, ErrorBanner } from '../ui/Banner';
import { MemoryRemedyText } from '../diagnosis/words';
import { DiskCheck } from './DiskCheck';
import { useActive } from './live-settings';
import { useDemand } from './NextRun';
import { useRecipe } from './recipe-store';

/** What a run of the desk's recipe takes, as the library counts it; null before it has answered, and where the base is unknown. */
function useRunDemand(models: readonly ModelRecord[]): RunDemand | null {
  const recipe = useRecipe((state) => state.recipe);
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info.memory : null));
  const shapeOf = (model: string | undefined) => models.find(({ id }) => id === model)?.shape ?? null;
  const shape = shapeOf(recipe?.base);
  const teacher = shapeOf(recipe?.regularisation?.distillation?.teacher);
  const [demand, setDemand] = useState<RunDemand | null>(null);
  // Nothing else of a recipe decides about it, and a fader that moves asks nothing.
  const asked = recipe && JSON.stringify([recipe.base, recipe.sequenceLength, memoryDemand(recipe)]);
  useEffect(() => {
    let shown = true;
    const answer = recipe && shape ? lab.library.demand(shape, recipe, device, teacher) : Promise.resolve(null);
    // A worker that has ended is told of elsewhere.
    answer.then(
      (found) => shown && setDemand(found),
      () => undefined,
    );
    return () => {
      shown = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `asked` says all of the recipe that counts
  }, [asked, shape, teacher, device]);
  useEffect(() => useDemand.setState({ demand }), [demand]);
  return demand;
}

export default function RunChecks({ models }: { models: readonly ModelRecord[] }) {
  const demand = useRunDemand(models);
  return (
    <>
      <MemoryCheck demand={demand} />
      <DiskCheck models={models} demand={demand} />
    </>
  );
}

function MemoryCheck({ demand }: { demand: RunDemand | null }) {
  const { t } = useTranslation();
  const active = useActive();
  const runnable = useRecipe((state) => state.recipe?.runnable === true);
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info.memory : null));
  if (active || !runnable || !demand) return null;
  const { fault, memory, remedy } = demand;
  if (fault) return <ErrorBanner error={{ code: 'recipe-invalid', message: '', values: { ...fault } }} />;
  if (!device || !memory || demand.fits !== false) return null;
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
