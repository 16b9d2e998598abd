/** The report of a comparison as a file: what was measured, and what the library knows of the run. Nothing is measured for it. */
import { version } from '../../package.json';
import { channelColour } from '../channels/channel';
import { isChannelColour, type ChannelColour } from '../charts/paper';
import type { DeviceInfo } from '../contract/device';
import { diagnose } from '../core/diagnosis/diagnose';
import { preferenceScores } from '../core/metrics/preference';
import { weightMap } from '../core/metrics/model-change';
import type { Series } from '../core/metrics/series';
import { isSettingEvent } from '../core/run/events';
import type { RunRecord } from '../core/run/types';
import type { RunView } from '../core/run/view';
import type { Language } from '../i18n/start';
import { useDevice } from '../lab/device-store';
import { lab, storedRun } from '../lab/lab';
import { reportHtml } from '../report/html';
import { reportMarkdown } from '../report/markdown';
import {
  createReport,
  reportJson,
  type ReportChannel,
  type ReportCurves,
  type ReportMeasures,
  type ReportParts,
  type ReportRun,
  type ReportSeries,
  type ReportWeights,
} from '../report/report';
import { loadReportWords } from '../report/words';
import { saveFile } from '../ui/save-file';
import { letterOf, PLACES } from './address';
import type { ComparedChannel, ComparedFigures } from './figures';
import { pickedWeights, useMeasures, type Measures } from './measures';
import { useProbeSets } from './probes/store';
import { useGeneration } from './text/generation-store';
import type { WeightsSource } from './sources';
import { useCompare } from './store';

interface ReportSources {
  at: number;
  product: ReportParts['product'];
  device: DeviceInfo | null;
  /** A, B and the third. */
  picked: readonly WeightsSource[];
  results: Partial<Measures>;
  /** What the run stored, where the channels were not measured. */
  stored: ComparedFigures | null;
  /** Of a person's own corpora, by id. */
  ownNames: ReadonlyMap<string, string>;
  /** Names of a person's own probe sets, by id. */
  ownSets: ReadonlyMap<string, string>;
  /** What was written after the prompts of the page; null where nothing was. */
  generation: NonNullable<ReportMeasures['generation']> | null;
  /** `base`: name of the base model, where the library has it. */
  run: { record: RunRecord; view: RunView; base: string | undefined } | null;
}

function collectReport({ at, product, device, picked, results, stored, ownNames, ownSets, generation, run }: ReportSources): ReportParts {
  const weights = picked.map(({ key, name, step, average }, model): ReportWeights => ({
    ...{ key, letter: letterOf(model), name, step },
    ...(average ? { average } : {}),
  }));
  const figures = results.channels ?? stored;
  return {
    title: run?.record.name ?? weights[1]?.name ?? weights[0]?.name ?? product.name,
    at,
    product,
    device: device && {
      backend: device.backend,
      threads: device.threads,
      adapter: device.backend === 'webgpu' ? device.adapter || 'WebGPU' : '',
    },
    weights,
    channels: channelsOf(
      [...(run?.record.recipe.channels ?? []), ...(figures?.channels ?? []), ...(results.terms?.channels ?? [])],
      ownNames,
    ),
    ...(run ? { run: runOf(run), curves: curvesOf(run.view), diagnosis: diagnose(run.view), ...writtenBy(run.view) } : {}),
    ...measuresOf(results, stored, weights, ownSets),
    ...(generation ? { generation } : {}),
  };
}

function measuresOf(
  results: Partial<Measures>,
  stored: ComparedFigures | null,
  weights: readonly ReportWeights[],
  ownSets: ReadonlyMap<string, string>,
): ReportMeasures {
  const { channels, terms, probes, memorisation, robustness, weights: changes, attention } = results;
  const parts: ReportMeasures = {};
  if (channels) parts.evaluation = { from: 'documents', count: channels.documents, measure: channels.measure };
  else if (stored) parts.evaluation = { from: 'run', count: stored.documents, measure: stored.measure };
  if (terms) {
    const { overall, documents, terms: all } = terms.measure;
    parts.terms = {
      documents,
      overall,
      terms: all.map(({ passages: [first], ...term }) => ({
        ...term,
        passage: first ? { before: first.before, term: first.term, after: first.after } : null,
      })),
    };
  }
  if (probes) parts.probes = { sets: probes.sets.map((id) => ownSets.get(id) ?? id), measure: probes.measure };
  if (memorisation)
    parts.memorisation = weights.flatMap(({ key, letter }) => (memorisation[key] ? [{ letter, channels: memorisation[key] }] : []));
  if (robustness) parts.robustness = robustness;
  if (changes)
    parts.layers = weights.flatMap(({ key, letter }) => {
      const list = letter === 'A' ? undefined : changes[key];
      if (!list) return [];
      const places = weightMap(list).places.map(({ place, parameters, relative, share }) => ({ place, parameters, relative, share }));
      return [{ letter, places }];
    });
  const { human, attribution, layers, counterfactual } = results;
  const preferences = human?.revealed ? preferenceScores(human.pairs, human.models) : null;
  if (human && preferences) parts.preferences = { temperature: human.temperature, measure: preferences };
  if (attribution)
    parts.attribution = {
      tokens: attribution.view.tokens,
      target: attribution.view.target,
      models: attribution.view.models.flatMap((model, at) =>
        model
          ? [
              {
                ...{ letter: letterOf(at), value: model.value, baseline: model.baseline },
                ...{ integrated: model.methods.integrated.values, local: model.methods.local.values },
              },
            ]
          : [],
      ),
    };
  if (layers) parts.layerProbes = layers;
  if (counterfactual) {
    const { text, from, to, replacement } = counterfactual.change;
    parts.counterfactual = {
      before: text,
      after: text.slice(0, from) + replacement + text.slice(to),
      models: counterfactual.view.models.map(({ loss, following, divergence }) => ({
        loss: [loss.before, loss.after],
        following: following.reduce((sum, { before, after }) => sum + after - before, 0),
        divergence,
      })),
    };
  }
  if (attention) parts.attention = { text: attention.text, divergence: attention.view.divergence };
  return parts;
}

/** The first and the last texts that a run wrote after its recipe's prompts. */
function writtenBy({ recipe, texts }: RunView): Pick<ReportParts, 'written'> {
  const [first, last] = [texts[0], texts.at(-1)];
  const prompts = recipe.evaluation.prompts?.texts;
  if (!first || !last || first === last || !prompts) return {};
  const pair = (at: number): [string, string] => [first.texts[at]?.text ?? '', last.texts[at]?.text ?? ''];
  return { written: { steps: [first.step, last.step], prompts: prompts.map((prompt, at) => ({ prompt, texts: pair(at) })) } };
}

/** Of prompts whose texts are whole. */
function generatedTexts(): ReportSources['generation'] {
  const { prompts, sampling } = useGeneration.getState();
  const written = prompts.flatMap(({ prompted, continuations }) => {
    const texts = PLACES.flatMap((place, model) => {
      const found = continuations[place];
      return found?.state === 'done' ? [{ letter: letterOf(model), text: found.text }] : [];
    });
    return texts.length > 0 ? [{ prompt: prompted, texts }] : [];
  });
  return written.length > 0 ? { seed: sampling.seed, temperature: sampling.temperature, prompts: written } : null;
}

function channelsOf(channels: readonly ComparedChannel[], ownNames: ReadonlyMap<string, string>): ReportChannel[] {
  const byId = new Map(channels.map((channel) => [channel.id, channel]));
  return [...byId.values()].map(({ id, corpus, role }) => ({
    id,
    corpus,
    role,
    name: ownNames.get(corpus) ?? null,
    colour: tokenOf(channelColour(corpus)),
  }));
}

/** The token's name inside `var(--channel-…)`. */
function tokenOf(colour: string): ChannelColour {
  const name = /^var\(--channel-(.+)\)$/.exec(colour)?.[1] ?? '';
  return isChannelColour(name) ? name : 'total';
}

function runOf({ record, view, base }: NonNullable<ReportSources['run']>): ReportRun {
  const { id, name, state, stopReason, createdAt, updatedAt, device, step, tokens, recipe, forkedFrom, chain } = record;
  const changes = view.events.filter(isSettingEvent);
  const told: ReportRun = {
    ...{ id, name, state, stopReason, createdAt, updatedAt, device, step, steps: recipe.budget.steps, tokens, recipe, changes },
    ...(forkedFrom ? { forkedFrom: { name: forkedFrom.name, step: forkedFrom.step } } : {}),
    ...(chain ? { chain: { name: chain.name, stage: chain.stage + 1 } } : {}),
  };
  return base === undefined ? told : { ...told, base };
}

function curvesOf({ train, heldOut, retentionSeries, riskSeries }: RunView): ReportCurves {
  const each = (all: Readonly<Record<string, Series>>) =>
    Object.fromEntries(Object.entries(all).map(([id, series]) => [id, withGaps(series)]));
  const risk = riskSeries.x.length > 0 ? { risk: withGaps(riskSeries) } : {};
  return { train: each(train), heldOut: each(heldOut), retention: withGaps(retentionSeries), ...risk };
}

const withGaps = ({ x, y }: Series): ReportSeries => ({ x, y: y.map((value) => (Number.isFinite(value) ? value : null)) });

/** One file of everything that was measured, in the form that was asked for. */
export type ReportForm = 'html' | 'markdown' | 'json';

const TYPES: Record<ReportForm, string> = { html: 'text/html', markdown: 'text/markdown', json: 'application/json' };
const EXTENSIONS: Record<ReportForm, string> = { html: 'html', markdown: 'md', json: 'json' };

/** @param language the one that comes first */
export async function writeReport(form: ReportForm, language: Language): Promise<void> {
  const { corpora, models, stored } = useCompare.getState();
  const { results } = useMeasures.getState();
  const { device } = useDevice.getState();
  const picked = pickedWeights();
  const id = (picked[1]?.run ?? picked[0]?.run)?.id;
  const run = id === undefined ? null : await Promise.all([lab.library.run(id), storedRun(id)]);
  const report = createReport(
    collectReport({
      at: Date.now(),
      product: { name: 'Crossfade', version },
      device: device.kind === 'open' ? device.info : null,
      picked,
      results,
      stored,
      generation: generatedTexts(),
      ownNames: new Map(corpora.filter(({ bundled }) => !bundled).map((corpus) => [corpus.id, corpus.name])),
      ownSets: new Map(useProbeSets.getState().own.map((set) => [set.id, set.name])),
      run: run && { record: run[0], view: run[1], base: models.find((model) => model.id === run[0].recipe.base)?.name },
    }),
  );
  const words = form === 'json' ? [] : await loadReportWords(language);
  const text = form === 'html' ? reportHtml(report, words) : form === 'markdown' ? reportMarkdown(report, words) : reportJson(report);
  const day = new Date(report.at).toLocaleDateString('sv');
  saveFile(new Blob([text], { type: `${TYPES[form]};charset=utf-8` }), `report-${report.title}-${day}.${EXTENSIONS[form]}`);
}
