/** A report made up for tests: every part measured, for a base, a tuned model and a third. */
import { measureMixture, measureMemorisation, overallTermLoss, termLoss } from '../core/metrics/text-measure';
import { measureProbes } from '../core/metrics/probe-measure';
import { diagnose } from '../core/diagnosis/diagnose';
import type { Probe } from '../core/probes/probe';
import type { ProbeScore } from '../core/probes/probe-score';
import { exampleRecipe, exampleRun } from '../core/run/example-run';
import type { ReportParts } from './report';

/** 24 documents of 100 tokens and 200 bytes whose losses lie around a mean. */
const documents = (loss: number) => ({
  nll: Array.from({ length: 24 }, (_, at) => 100 * (loss + 0.3 * Math.sin(at * 2.4))),
  tokens: new Array<number>(24).fill(100),
  bytes: new Array<number>(24).fill(200),
});

/** Losses under A, B and C. */
export const EXAMPLE_LOSSES = { zh: [3.9, 3.94, 3.92], en: [3.2, 3.24, 3.22], domain: [4.1, 3.3, 3.6] } as const;

const terms = [
  { term: 'myocardial infarction', count: 9, nll: [40, 12, 20], tokens: [18, 18, 18], bytes: 189 },
  { term: '高血压', count: 14, nll: [60, 31, 44], tokens: [42, 42, 42], bytes: 126 },
  { term: 'dose', count: 30, nll: [70, 69, 70], tokens: [30, 30, 30], bytes: 120 },
];

const ABILITIES = ['grammar', 'commonsense', 'facts', 'logic'] as const;
const pairs = ABILITIES.flatMap((group) => Array.from({ length: 40 }, (): Probe => ({ kind: 'pair', good: 'good', bad: 'bad', group })));
const references = Array.from({ length: 6 }, (): Probe => ({ kind: 'reference', prompt: 'q', reference: 'a', group: 'facts' }));
const probes: Probe[] = [...pairs, ...references];
/** The base answers logic by chance. */
const answers = (right: Record<string, number>, likelihood: number): ProbeScore[] => [
  ...pairs.map(({ group }, at): ProbeScore => ({ kind: 'pair', good: -1, bad: -2, right: at % 40 < right[group]! })),
  ...references.map((_, at): ProbeScore => {
    const perByte = likelihood + 0.1 * Math.sin(at);
    return {
      kind: 'reference',
      likelihood: perByte,
      perByte,
      written: {
        text: 'an answer',
        rougeL: 0.9 + perByte / 2,
        bleu: 30 + 10 * perByte,
        more: { meteor: 0.5, chrf: 40, exact: 0, f1: 0.5, passed: true },
      },
    };
  }),
];

const curve = (from: number, to: number) => Array.from({ length: 11 }, (_, at) => from + ((to - from) * at) / 10);

const view = exampleRun(
  { zh: curve(3.9, 3.99), en: curve(3.2, 3.29), domain: curve(4.1, 3.3) },
  { step: 100, train: curve(3.8, 3.5), peakLr: 3e-3 },
);
const recipe = { ...exampleRecipe, schedule: { ...exampleRecipe.schedule, peakLr: 3e-3 } };

/** Every part, in a run of three channels that forgets a little; a copy of its own, to be changed at will. */
export const exampleParts = (): ReportParts => structuredClone(PARTS);

function makeParts(): ReportParts {
  const byModel = (id: keyof typeof EXAMPLE_LOSSES) => EXAMPLE_LOSSES[id].map(documents);
  const sums = overallTermLoss(terms)!;
  return {
    title: 'golden ratio',
    at: Date.UTC(2026, 10, 22, 8, 30),
    product: { name: 'Crossfade', version: '0.1.0' },
    device: { backend: 'wasm', threads: 2, adapter: '' },
    weights: [
      { key: 'model:nano', letter: 'A', name: 'nano', step: null },
      { key: 'run:r@100', letter: 'B', name: 'golden ratio', step: 100 },
      { key: 'run:r@50', letter: 'C', name: 'golden ratio', step: 50 },
    ],
    channels: [
      { id: 'zh', corpus: 'zh', role: 'general', name: null, colour: 'zh' },
      { id: 'en', corpus: 'en', role: 'general', name: null, colour: 'en' },
      { id: 'domain', corpus: 'domain', role: 'domain', name: null, colour: 'domain' },
    ],
    run: {
      id: 'r',
      name: 'golden ratio',
      state: 'finished',
      stopReason: 'budget',
      createdAt: Date.UTC(2026, 10, 22, 8),
      updatedAt: Date.UTC(2026, 10, 22, 8, 20),
      device: 'wasm · 2 threads',
      step: 100,
      steps: 100,
      tokens: 102_400,
      recipe,
      changes: [
        { type: 'mixture', step: 40, at: 0, before: { zh: 0.5, domain: 0.2 }, after: { zh: 0.45, domain: 0.25 } },
        { type: 'mixture', step: 41, at: 0, before: { zh: 0.45, domain: 0.25 }, after: { zh: 0.4, domain: 0.3 } },
        { type: 'learning-rate', step: 70, at: 0, before: recipe.schedule.peakLr, after: 1e-3 },
      ],
    },
    curves: {
      train: { ...view.train, zh: { x: [0, 10, 20, 30], y: [3.8, null, 3.9, 3.95] } },
      heldOut: view.heldOut,
      retention: { x: view.heldOut['zh']!.x, y: curve(1, 0.914) },
      risk: { x: [0, 50, 100], y: [0, 0.06, 0.04] },
    },
    diagnosis: diagnose({ ...view, recipe }),
    evaluation: {
      from: 'documents',
      count: 24,
      measure: measureMixture(
        [
          { id: 'zh', role: 'general', models: byModel('zh') },
          { id: 'en', role: 'general', models: byModel('en') },
          { id: 'domain', role: 'domain', models: byModel('domain') },
        ],
        { seed: 1, resamples: 200, sameTokens: [true, true, true] },
      ),
    },
    terms: {
      documents: 24,
      overall: sums,
      terms: terms.map((term) => ({ ...termLoss(term), passage: { before: 'the patient had a ', term: term.term, after: ' last year' } })),
    },
    probes: {
      sets: ['en-grammar', 'en-commonsense', 'en-facts', 'en-logic'],
      measure: measureProbes(
        probes,
        [
          answers({ grammar: 34, commonsense: 30, facts: 28, logic: 21 }, -0.9),
          answers({ grammar: 33, commonsense: 28, facts: 26, logic: 20 }, -0.7),
          answers({ grammar: 34, commonsense: 29, facts: 27, logic: 22 }, -0.8),
        ],
        1,
      ),
    },
    memorisation: [
      { letter: 'B', channels: [{ id: 'domain', measure: measureMemorisation([4, 3.1].map(documents), [4.05, 3.4].map(documents), 1) }] },
    ],
    robustness: [
      {
        kind: 'adversarial',
        levels: [0, 0.05, 0.1],
        bitsPerByte: [
          [2.3, 2.8, 3.3],
          [2.1, 2.7, 3.2],
          [2.2, 2.7, 3.2],
        ],
      },
      {
        kind: 'characters',
        levels: [0, 0.05, 0.1],
        bitsPerByte: [
          [2.3, 2.7, 3.1],
          [2.1, 2.6, 3.05],
          [2.2, 2.65, 3.1],
        ],
      },
      {
        kind: 'deletion',
        levels: [0, 0.05, 0.1],
        bitsPerByte: [
          [2.3, 2.4, 2.5],
          [2.1, 2.22, 2.35],
          [2.2, 2.3, 2.4],
        ],
      },
      {
        kind: 'synonym',
        levels: [0, 0.05, 0.1],
        bitsPerByte: [
          [2.3, 2.35, 2.4],
          [2.1, 2.17, 2.22],
          [2.2, 2.25, 2.3],
        ],
      },
    ],
    layers: [
      {
        letter: 'B',
        places: [
          { place: 'input', parameters: 1000, relative: 0.011, share: 0.1 },
          { place: 0, parameters: 500, relative: 0.021, share: 0.3 },
          { place: 1, parameters: 500, relative: 0.043, share: 0.5 },
          { place: 'output', parameters: 100, relative: 0.007, share: 0.1 },
        ],
      },
    ],
    generation: {
      seed: 3,
      temperature: 0.8,
      prompts: [
        {
          prompt: 'The patient',
          texts: [
            { letter: 'A', text: ' was | given' },
            { letter: 'B', text: ' got <b>5 mg</b>' },
          ],
        },
      ],
    },
    preferences: {
      temperature: 0.8,
      measure: {
        pairs: 20,
        same: 2,
        wins: [
          [0, 6],
          [14, 0],
        ],
        scores: [
          { value: 0, interval: null },
          { value: 0.802, interval: { low: -0.123, high: 1.728 } },
        ],
      },
    },
    attribution: {
      tokens: ['', 'As', 'pirin'],
      target: ' inhibits',
      models: [
        { letter: 'A', value: -4, baseline: -7, integrated: [0, 1, 1.99], local: [0, 1.5, 1.5] },
        { letter: 'B', value: -2, baseline: -7, integrated: [0, 2, 3.01], local: [0, 2.5, 2.5] },
      ],
    },
    counterfactual: {
      before: 'Aspirin is a drug',
      after: 'Insulin is a drug',
      models: [
        { loss: [20, 22], following: 0.5, divergence: 0.02 },
        { loss: [15, 18], following: 0.7, divergence: 0.03 },
      ],
    },
    layerProbes: {
      channels: ['zh', 'en'],
      documents: 32,
      models: [0.9, 0.95].map((value) => [
        { value: 0.8, interval: { low: 0.7, high: 0.88 } },
        { value, interval: { low: value - 0.1, high: value + 0.04 } },
      ]),
    },
    written: { steps: [0, 900], prompts: [{ prompt: 'Aspirin', texts: [' is a', ' inhibits COX'] }] },
    attention: {
      text: 'The patient was treated with',
      divergence: [
        [0, 0],
        [0.0123, 0.0456],
        [0.01, 0.02],
      ],
    },
  };
}

const PARTS = makeParts();
