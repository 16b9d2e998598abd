import { recipeWith } from '../../src/core/run/example-run';
import { describe, expect, it } from 'vitest';
import { metricsCsv } from './export';
import { MetricTable, unpackRows } from '../../src/core/run/metric-table';
import { modelCard } from './model-card';
import type { RunRecord } from '../../src/core/run/types';

const recipe = recipeWith({
  sequenceLength: 8,
  channels: [
    { id: 'en', corpus: 'en', role: 'general', share: 0.75 },
    { id: 'law', corpus: 'gone', role: 'domain', share: 0.25 },
  ],
  schedule: { kind: 'cosine', peakLr: 0.001, warmup: { unit: 'ratio', value: 0.03 } },
  batchSize: 4,
  budget: { steps: 10 },
  evaluation: { everySteps: 5, rowsPerChannel: 1 },
  saving: { everySteps: 5 },
  seed: 7,
});
const base = { step: 0, retention: 1, channels: { en: { loss: 3, tokens: 10, bytes: 30 }, law: { loss: 4, tokens: 10, bytes: 25 } } };
const now = {
  step: 5,
  retention: 0.9048,
  channels: { en: { loss: 3.1, tokens: 10, bytes: 30 }, law: { loss: 3.5, tokens: 10, bytes: 25 } },
};

describe('metrics.csv', () => {
  it('joins windows and evaluations by step, and leaves gaps empty', () => {
    const row = {
      step: 5,
      lr: 0.001,
      gradNorm: 0.5,
      stepMs: 20,
      tokens: 160,
      loss: { en: null, law: 3.6 },
      count: { en: 0, law: 160 },
      total: 3.6,
    };
    expect(metricsCsv(recipe, [row], [base, now]).split('\r\n')).toEqual([
      'step,tokens,learning_rate,gradient_norm,step_ms,loss_total,loss_en,loss_law,count_en,count_law,held_out_loss_en,held_out_loss_law,retention',
      '0,,,,,,,,,,3,4,1',
      '5,160,0.001,0.5,20,3.6,,3.6,0,160,3.1,3.5,0.9048',
      '',
    ]);
  });
});

describe('metrics.csv of a loss that was no number', () => {
  it('writes it as what it was', () => {
    const broken = {
      ...{
        step: 5,
        lr: 0.001,
        gradNorm: null,
        stepMs: 20,
        tokens: 160,
        loss: { en: 2, law: null },
        count: { en: 80, law: 80 },
        total: null,
      },
      notFinite: { law: 'NaN', total: 'Infinity' } as const,
    };
    // The history's JSON has null and the reason; a feed's packed rows give both back.
    expect(JSON.parse(JSON.stringify(broken))).toEqual(broken);
    const table = new MetricTable(['en', 'law']);
    table.push(broken);
    expect(unpackRows(table.from(0), ['en', 'law'])).toEqual([broken]);
    expect(metricsCsv(recipe, [broken], []).split('\r\n')[1]).toBe('5,160,0.001,,20,Infinity,2,NaN,80,80,,,');
  });
});

describe('the model card', () => {
  const run: RunRecord = {
    id: 'r1',
    name: 'my *run*\n# not a heading',
    createdAt: 0,
    updatedAt: 0,
    state: 'finished',
    stopReason: 'budget',
    error: null,
    recipe,
    changes: [{ step: 3, at: 0, settings: { shares: { en: 0.5, law: 0.5 } } }],
    step: 10,
    tokens: 320,
    trainTokens: { en: 100, law: 20 },
    device: 'wasm · 2 threads',
    base,
    latest: now,
  };
  const source = {
    run,
    step: 5,
    average: false,
    base,
    evaluation: now,
    corpora: [],
    baseName: 'Crossfade "nano": one',
    gguf: null,
    peft: false,
  };
  const card = modelCard(source);

  it('tells how it is run: by transformers, or from its GGUF file by llama.cpp and Ollama', () => {
    expect(card).toContain('AutoModelForCausalLM.from_pretrained(folder)');
    expect(modelCard({ ...source, gguf: 'my-run-F16.gguf' })).toContain('`llama-cli -m my-run-F16.gguf`');
    const adapter = modelCard({ ...source, peft: true });
    expect(adapter).toContain('PeftModel.from_pretrained(base, folder)');
    expect(adapter).toContain('library_name: "peft"');
  });

  it('says that its weights are an average, which the run did not evaluate', () => {
    const averaged = { ...run, recipe: { ...recipe, average: { decay: 0.99, start: 2, every: 1 } } };
    expect(modelCard({ ...source, run: averaged })).toContain('| average of the weights | EMA, decay 0.99 · from step 2 |');
    const own = modelCard({ ...source, run: averaged, average: true, evaluation: null });
    expect(own).toContain('Its weights are the average of those of the run up to there (EMA, decay 0.99 · from step 2).');
    expect(own).toContain('The run evaluated its weights, not their average.');
  });

  it('begins with metadata that YAML can read', () => {
    expect(card.startsWith('---\nlibrary_name: "transformers"\n')).toBe(true);
    expect(card).toContain('base_model: "Crossfade \\"nano\\": one"');
  });

  it('tells figures per channel: loss, perplexity, bits per byte, retention', () => {
    // exp(3.1) = 22.198, 3.1·10/(30·ln 2) = 1.491, exp(3 − 3.1) = 0.905
    expect(card).toContain('| en | 3.0000 | 3.1000 | 22.20 | 1.491 | 0.905 |');
    expect(card).toContain('| law | 4.0000 | 3.5000 | 33.12 | 2.020 | — |');
    expect(card).toContain('retention (base perplexity / this perplexity): 0.905');
  });

  it('tells the shares of that step, and the text with its licence', () => {
    expect(card).toContain('| law | domain | 50.0 % | gone |');
    expect(card).toContain('- **gone**: no longer stored');
  });

  it('keeps a name from being Markdown', () => {
    expect(card).toContain('# my \\*run\\* \\# not a heading\n');
  });
});
