/** Models opened for comparing: the last two stay on the device, none is freed while somebody uses it. */
import type { WeightsRef } from '../../src/contract/evaluation';
import { loadWeights, type LoadedWeights } from './weights';

const KEPT = 2;

interface Open {
  loaded: Promise<LoadedWeights>;
  uses: number;
}

export class OpenModels {
  /** Least recently used first. */
  private readonly open = new Map<string, Open>();

  constructor(private readonly load: (ref: WeightsRef) => Promise<LoadedWeights> = loadWeights) {}

  /** Gives `work` the weights, which stay open until it settles. */
  async use<T>(ref: WeightsRef, work: (loaded: LoadedWeights) => Promise<T>): Promise<T> {
    const key = JSON.stringify(ref.kind === 'model' ? ['model', ref.model] : ['checkpoint', ref.run, ref.step]);
    const entry = this.open.get(key) ?? { loaded: this.load(ref), uses: 0 };
    this.open.delete(key);
    this.open.set(key, entry);
    entry.uses += 1;
    try {
      return await work(await entry.loaded);
    } finally {
      entry.uses -= 1;
      await this.free(KEPT);
    }
  }

  /** Frees all that nobody uses: a run goes on, and its checkpoints may change. */
  clear(): Promise<void> {
    return this.free(0);
  }

  /** Forgets all without freeing: the device they lay on is gone. */
  forget(): void {
    this.open.clear();
  }

  private async free(kept: number): Promise<void> {
    for (const [key, entry] of [...this.open]) {
      const failed = await entry.loaded.then(
        () => false,
        () => true,
      );
      if (entry.uses > 0 || this.open.get(key) !== entry || (!failed && this.open.size <= kept)) continue;
      this.open.delete(key);
      if (!failed) (await entry.loaded).model.dispose();
    }
  }
}
