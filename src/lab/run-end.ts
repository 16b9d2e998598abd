import { isActive, type RunRecord } from '../core/run/types';
import { lab } from './lab';

/** Milliseconds between two looks at a run that trains. */
const LOOK_MS = 500;

/** The run as it is when it no longer trains. @param look is told of it at every look */
export async function runEnd(id: string, look: (run: RunRecord) => void = () => undefined): Promise<RunRecord> {
  for (;;) {
    const run = await lab.library.run(id);
    look(run);
    if (!isActive(run.state)) return run;
    await new Promise((later) => setTimeout(later, LOOK_MS));
  }
}
