/** How the models stand noise, and whether they learnt their training text by heart. */
import { MemorisationCard } from './MemorisationCard';
import { RobustnessCard } from './RobustnessCard';

export default function StabilitySection() {
  return (
    <>
      <RobustnessCard />
      <MemorisationCard />
    </>
  );
}
