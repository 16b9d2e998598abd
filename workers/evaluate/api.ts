/** The evaluation part of the trainer worker: measures, generation and token losses of open models, beside a run that trains. */
import { transfer } from 'comlink';
import type { EvaluationApi, WeightsRef } from '../../src/contract/evaluation';
import type { OnProgress } from '../../src/contract/progress';
import { readChannelTokens } from '../runtime/channel-tokens';
import { ensureEcho } from '../runtime/echo';
import type { EngineSession } from '../runtime/engine-session';
import { parseRunState } from '../runtime/run-state';
import type { LoadedWeights } from '../runtime/weights';
import { readCheckpointState } from '../storage/checkpoints';
import { corpusRecord } from '../storage/corpora';
import { readRun } from '../storage/runs';
import { evaluateAttention } from './attention';
import { evaluateChannels } from './channels';
import { describeTexts } from './describe-texts';
import type { EvaluationTools } from './each-model';
import { evaluateEmbeddings } from './embeddings';
import { generate } from './generate';
import { evaluateCounterfactual, explainToken } from './explain';
import { evaluateLabels } from './labels';
import { logitLens, probeLayers } from './layers';
import { evaluateMemorisation } from './memorisation';
import { evaluateMerges, MergeGround } from './merges';
import { evaluateProbes } from './probes';
import { evaluateRobustness } from './robustness';
import { evaluateTerms } from './terms';
import { compareTokens } from './token-losses';
import { weightChanges } from './weight-changes';

export function evaluateApi(session: EngineSession): EvaluationApi {
  const { models } = session;

  const outliving = <T>(work: () => Promise<T>): Promise<T> => session.outlivingDevice(work);

  const toolsFor = async (weights: readonly WeightsRef[], onProgress: OnProgress): Promise<EvaluationTools> => ({
    models: weights.length,
    open: (model, use) => models.use(weights[model]!, use),
    read: (loaded, channels) => readChannelTokens(loaded.base, loaded.tokenizer.hash, channels, onProgress),
    onProgress,
    work: await session.work(),
  });

  /** All at once open: the base first. */
  const useAll = <T>(refs: readonly WeightsRef[], use: (all: LoadedWeights[]) => Promise<T>, opened: LoadedWeights[] = []): Promise<T> =>
    opened.length === refs.length ? use(opened) : models.use(refs[opened.length]!, (next) => useAll(refs, use, [...opened, next]));
  const ground = new MergeGround();

  return {
    measureChannels: (weights, channels, count, onProgress) =>
      outliving(async () => evaluateChannels(channels, count, await toolsFor(weights, onProgress))),
    measureMerges: ({ base, tuned }, factors, channels, look, onProgress) =>
      outliving(async () => {
        const work = await session.work();
        return useAll([base, ...tuned], ([first, ...others]) =>
          evaluateMerges(first!, others, factors, channels, look, { work, onProgress, ground }),
        );
      }),
    measureTerms: (weights, channels, terms, count, onProgress) =>
      outliving(async () => evaluateTerms(channels, terms, count, await toolsFor(weights, onProgress))),
    measureProbes: (weights, probes, onProgress) => outliving(async () => evaluateProbes(probes, await toolsFor(weights, onProgress))),
    measureLabels: (weights, request, count, onProgress) =>
      outliving(async () => evaluateLabels(request, count, await toolsFor(weights, onProgress))),
    measureEmbeddings: (weights, channels, count, pooling, onProgress) =>
      outliving(async () => evaluateEmbeddings(channels, count, pooling, await toolsFor(weights, onProgress))),
    measureRobustness: (weights, channels, count, onProgress) =>
      outliving(async () => evaluateRobustness(channels, count, await toolsFor(weights, onProgress))),

    async measureMemorisation(base, tuned, rows, onProgress) {
      const { run, step } = tuned;
      const { recipe, rules = 1 } = await readRun(run);
      const { sampler } = parseRunState(run, step, await readCheckpointState(run, step));
      return outliving(async () => {
        const tools = await toolsFor([base, { kind: 'checkpoint', ...tuned }], onProgress);
        return evaluateMemorisation({ recipe, rules, cursors: sampler.cursors }, rows, tools);
      });
    },

    async attention(weights, text) {
      const view = await outliving(async () => evaluateAttention(text, await toolsFor(weights, () => undefined)));
      return transfer(
        view,
        view.models.flatMap((layers) => layers.map((layer) => layer.weights.buffer)),
      );
    },

    explainToken: (weights, text, target, onProgress) =>
      outliving(async () => explainToken(text, target, await toolsFor(weights, onProgress))),
    counterfactual: (weights, change, onProgress) =>
      outliving(async () => evaluateCounterfactual(change, await toolsFor(weights, onProgress))),
    logitLens: (weights, text, onProgress) => outliving(async () => logitLens(text, await toolsFor(weights, onProgress))),
    probeLayers: (weights, channels, count, onProgress) =>
      outliving(async () => probeLayers(channels, count, await toolsFor(weights, onProgress))),

    weightChanges: (base, tuned) =>
      outliving(async () => {
        const { lock, signal } = await session.work();
        return useAll([base, tuned], async ([before, after]) => {
          signal.throwIfAborted();
          const changes = await lock.run(() => weightChanges(before!.model, after!.model));
          signal.throwIfAborted();
          return changes;
        });
      }),

    async generate(weights, options, onPiece) {
      // Pieces travel on a channel of their own: the last must have arrived before the whole text does.
      let arrived: unknown = null;
      let given = 0;
      const text = await outliving(async () => {
        const work = await session.work();
        // After a lost device the text is written once more, the same by its seed: what was told of it is not told again.
        let before = given;
        const tell = (piece: string): void => {
          const fresh = piece.slice(before);
          before = Math.max(0, before - piece.length);
          given += fresh.length;
          if (fresh !== '') arrived = onPiece(fresh);
        };
        return models.use(weights, (loaded) => generate(loaded, options, tell, work));
      });
      await arrived;
      return text;
    },

    writeEcho: (settings, onProgress) =>
      outliving(async () => {
        const work = await session.work();
        const { backend } = (await session.engine()).device;
        return corpusRecord(await ensureEcho(settings, { work, backend, onProgress }, true));
      }),

    describeTexts: (model, corpora, onProgress) =>
      outliving(async () => {
        const work = await session.work();
        return models.use({ kind: 'model', model }, (loaded) => describeTexts(loaded, corpora, { work, onProgress }));
      }),

    tokenLosses: (a, b, text, c) =>
      outliving(async () => {
        const work = await session.work();
        return useAll(c ? [a, b, c] : [a, b], (weights) => compareTokens(weights, text, work));
      }),
  };
}
