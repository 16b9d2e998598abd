/**
 * Exponential moving average of a run's weights, as torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn makes it: the first update
 * copies the weights, each later one is ema ← ema + (1 − decay) · (θ − ema), rounded to float32 after every operation. Everything stays on the
 * device. It stands beside the weights that train and changes none of them.
 */
import { add, mul, sub, tidy, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { WeightAveraging } from '../../../src/core/recipe/schema';
import { checkpointWeights } from '../model/load';
import type { DecoderModel } from '../model/decoder';
import { writeSafetensors } from '../checkpoint/write';

/** torch.lerp: of the two forms the one whose factor of the way is below a half. @param share of the way from `start` to `end` */
function lerp(start: Tensor, end: Tensor, share: number): Tensor {
  const way = sub(end, start);
  return share < 0.5 ? add(start, mul(way, share)) : sub(end, mul(way, 1 - share));
}

/** The average of variables by name, in variables of the same names. */
class RunningAverage {
  /**
   * @param average of which a name that `weights` lacks is an error; changed in place
   * @param begun it has had its first update: its values are an average already
   */
  constructor(
    private readonly average: ReadonlyMap<string, Variable>,
    private readonly weights: ReadonlyMap<string, Tensor>,
    private readonly settings: WeightAveraging,
    private begun: boolean,
  ) {}

  /** Nothing was averaged yet: there is nothing to keep. */
  get empty(): boolean {
    return !this.begun;
  }

  /** @param step finished steps */
  after(step: number): void {
    const { decay, start, every } = this.settings;
    if (step < start || (step - start) % every !== 0) return;
    for (const [name, variable] of this.average)
      tidy(() => {
        const weight = this.weights.get(name)!;
        // An update in place copies a variable that shares its memory first, so that a shared value is one of its own.
        variable.assign(this.begun ? lerp(variable, weight, 1 - decay) : weight.clone());
      });
    this.begun = true;
  }
}

/** Of a model that trains: a second model with the average for its weights, which shares those that are frozen. */
export class ModelAverage {
  private readonly running: RunningAverage;

  /**
   * @param model made by `twin` of the one that trains; this one's to dispose from here on
   * @param steps finished steps, where the run begins or goes on
   * @param stored the values of `model` are an average that was kept; else those of the run, of which it begins where its start is past
   */
  constructor(
    readonly model: DecoderModel,
    trained: DecoderModel,
    settings: WeightAveraging,
    { steps, stored }: { steps: number; stored: boolean },
  ) {
    const own = new Map([...model.parameters].filter(([, { trainable }]) => trainable));
    this.running = new RunningAverage(own, trained.parameters, settings, stored || steps >= settings.start);
  }

  /** @param step finished steps */
  after(step: number): void {
    this.running.after(step);
  }

  /** The bytes of a safetensors file in F32 laid out as that of the weights; undefined before the first update. */
  async file(): Promise<Uint8Array | undefined> {
    if (this.running.empty) return undefined;
    return writeSafetensors(await checkpointWeights(this.model), 'F32', { format: 'pt' });
  }

  dispose(): void {
    this.model.dispose();
  }
}
