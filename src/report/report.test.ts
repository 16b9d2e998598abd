import { USUAL_AVERAGE, USUAL_DISTILLATION } from '../core/recipe/distillation';
import { addEcho, withObjective } from '../core/recipe/edits';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AdviceKind } from '../core/diagnosis/advice';
import { reportTexts, createWords, type ReportTexts, type ReportWords } from './words';
import { createFormat } from '../i18n/format';
import { composeReport } from './compose';
import { EXAMPLE_LOSSES, exampleParts } from './report-for-tests';
import { reportHtml } from './html';
import { escapeMarkdown, reportMarkdown } from './markdown';
import { CHANNEL_COLOURS } from '../charts/paper';
import { createReport, reportJson, type ReportParts } from './report';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const texts = (language: string, name: string) => JSON.parse(read(`i18n/${language}/${name}.json`)) as ReportTexts;
const wordsOf = (language: 'en' | 'zh'): ReportWords =>
  createWords(
    language === 'zh' ? 'zh-CN' : 'en',
    reportTexts({
      report: texts(language, 'report'),
      common: texts(language, 'common'),
      desk: texts(language, 'desk'),
      diagnosis: texts(language, 'diagnosis'),
      measures: texts(language, 'measures'),
    }),
    createFormat(language),
  );
const both = [wordsOf('en'), wordsOf('zh')];

/** Nothing but the two sets of weights. */
function bareParts(): ReportParts {
  const { title, at, product, weights } = exampleParts();
  return { title, at, product, device: null, weights: weights.slice(0, 2), channels: [] };
}

describe('report', () => {
  it('comes back from JSON as it was, gaps in curves included', () => {
    const report = createReport(exampleParts());
    expect(JSON.parse(reportJson(report))).toEqual(report);
    expect(report.curves!.train['zh']!.y).toEqual([3.8, null, 3.9, 3.95]);
  });

  it('writes null for what is not finite', () => {
    const parts = exampleParts();
    parts.evaluation!.measure.domainGain[1] = { value: Number.NaN, interval: null };
    expect((JSON.parse(reportJson(createReport(parts))) as ReportParts).evaluation!.measure.domainGain[1]!.value).toBeNull();
  });

  it('names what was not measured, and leaves its sections out', () => {
    const whole = createReport(exampleParts());
    expect(whole.notMeasured).toEqual([]);
    const bare = createReport(bareParts());
    expect(bare.notMeasured).toEqual(['run', 'evaluation', 'terms', 'probes', 'memorisation', 'robustness', 'layers', 'attention']);
    expect(composeReport(bare, both[0]!).sections.map(({ id }) => id)).toEqual(['summary', 'method']);
    const { probes: _, ...withoutProbes } = exampleParts();
    const ids = composeReport(createReport(withoutProbes), both[0]!).sections.map(({ id }) => id);
    expect(ids).not.toContain('probes');
    expect(ids).toContain('terms');
    const base = { ...bareParts(), weights: bareParts().weights.slice(0, 1) };
    expect(createReport(base).notMeasured, 'a base has no training text').not.toContain('memorisation');
  });

  it('has a text for all it says in both languages, and no text that is never said', () => {
    const asked = new Set<string>();
    const spying = both.map((words): ReportWords => ({ ...words, t: (key, values) => (asked.add(key), words.t(key, values)) }));
    const variants: ReportParts[] = [exampleParts(), bareParts()];
    const changed = (change: (parts: ReportParts) => void) => {
      const parts = exampleParts();
      change(parts);
      variants.push(parts);
    };
    const figure = (low: number, value: number, high: number) => ({ value, interval: { low, high } });
    changed((parts) => (parts.evaluation!.measure.domainGain[1] = figure(-0.2, -0.1, -0.01)));
    changed((parts) => (parts.evaluation!.measure.domainGain[1] = figure(-0.2, 0.1, 0.3)));
    changed((parts) => (parts.evaluation!.measure.domainGain[1] = figure(0, 0, 0)));
    changed((parts) => (parts.evaluation!.measure.domainGain[1] = null));
    changed((parts) => (parts.evaluation!.measure.domainGain[1] = { value: 0.2, interval: null }));
    changed((parts) => (parts.evaluation!.measure.channels[0]!.retention[1] = figure(0.8, 0.85, 0.9)));
    changed((parts) => (parts.evaluation!.measure.meanRetention[1] = figure(0.8, 0.85, 0.9)));
    changed((parts) => (parts.evaluation!.measure.meanRetention[1] = figure(0.93, 0.96, 0.99)));
    changed((parts) => (parts.evaluation!.measure.meanRetention[1] = null));
    changed((parts) => {
      for (const channel of parts.evaluation!.measure.channels) channel.delta = channel.retention = [null, null, null];
      parts.evaluation!.measure.meanRetention = [null, null, null];
    });
    for (const retention of [0.9, 0.99])
      changed((parts) => {
        parts.diagnosis = [];
        parts.evaluation!.from = 'run';
        parts.evaluation!.measure.meanRetention[1] = figure(retention, retention, retention);
        parts.evaluation!.measure.channels[0]!.documents = 4;
      });
    changed((parts) => {
      parts.diagnosis = [];
      delete parts.probes;
      parts.evaluation!.measure.channels[0]!.documents = 4;
      parts.evaluation!.measure.domainGain[1] = figure(-0.3, -0.2, -0.1);
    });
    changed((parts) => (parts.terms!.overall = null));
    changed((parts) => (parts.probes!.measure.tooLong = 3));
    for (const level of ['low', 'medium', 'high'] as const) changed((parts) => (parts.probes!.measure.risk![0]!.level = level));
    changed((parts) => (parts.device = { backend: 'webgpu', threads: 1, adapter: 'a GPU' }));
    changed((parts) => {
      parts.run!.changes = [];
      parts.run!.recipe = {
        ...parts.run!.recipe,
        schedule: { ...parts.run!.recipe.schedule, warmup: { unit: 'steps', value: 5 } },
        stopping: { early: { patience: 3, threshold: 0.01 }, forgetting: { retention: 0.95 } },
      };
    });
    const values = {
      channel: 'zh',
      retention: 0.9,
      growth: 0.2,
      gap: 0.4,
      epochs: 2,
      peak: 0.3,
      now: 0.1,
      fall: 0.01,
      swing: 0.1,
      loss: 4,
      mean: 3,
      step: 7,
    };
    const point = { step: 10, value: 3 };
    for (const kind of [
      'out-of-memory',
      'diverged',
      'lr-zero',
      'growing',
      'oscillating',
      'forgetting',
      'memorising',
      'spike',
      'recovering',
      'domain-flat',
      'uneven-base',
    ] as const)
      for (const curve of ['train', 'held-out', 'retention'] as const)
        changed((parts) => {
          parts.diagnosis = [
            {
              kind,
              values,
              evidence: [
                {
                  curve,
                  channel: curve === 'train' && kind === 'growing' ? 'total' : 'zh',
                  from: point,
                  to: { step: 10 + (kind === 'spike' ? 0 : 5), value: 3 },
                },
              ],
              advice: null,
              others: [],
            },
          ];
        });
    const kinds: AdviceKind[] = [
      ...(['mix-general', 'lower-domain-share', 'lower-lr', 'raise-lr', 'more-steps'] as const),
      ...(['fewer-steps', 'longer-warmup', 'raise-share', 'default-lr', 'smaller-batch', 'recompute', 'shorter-context'] as const),
    ];
    for (const kind of kinds)
      changed((parts) => {
        const changes = [{ field: 'budget.steps', a: '100', b: '200' }];
        parts.diagnosis = [{ kind: 'growing', values, evidence: [], advice: { kind, recipe: parts.run!.recipe, changes }, others: [] }];
      });
    changed((parts) => {
      const { recipe } = parts.run!;
      const held = withObjective(addEcho(recipe), true);
      parts.run!.recipe = {
        ...held,
        regularisation: {
          l2sp: { lambda: 0.1 },
          ewc: { lambda: 2, sequences: 8, labels: 'model' },
          decayTowards: 'base',
          distillation: USUAL_DISTILLATION,
        },
      };
    });
    changed((parts) => {
      Object.assign(parts.weights[1]!, { average: true });
      parts.run!.recipe = { ...parts.run!.recipe, average: USUAL_AVERAGE };
    });
    changed((parts) => {
      const { run } = parts;
      Object.assign(run!, { forkedFrom: { name: 'plateau', step: 40 }, chain: { name: 'lifelong', stage: 2 } });
      run!.recipe = { ...run!.recipe, phases: [{ steps: 60 }, { steps: 40, name: 'decay', order: 'difficulty' }] };
    });
    for (const parts of variants) for (const words of spying) composeReport(createReport(parts), words);
    const keys = (at: ReportTexts, prefix = ''): string[] =>
      Object.entries(at).flatMap(([key, value]) => (typeof value === 'string' ? [prefix + key] : keys(value, `${prefix}${key}.`)));
    // Said by the page's button and by HTML, or chosen by a recipe's values.
    const elsewhere = /^(title$|language$|recipePhase$|button\.|recipe(Value|Field|Channel)\.)/;
    expect(keys(texts('en', 'report')).filter((key) => !asked.has(key) && !elsewhere.test(key))).toEqual([]);
  });
});

describe('HTML', () => {
  it('shows names as text, whatever is in them', () => {
    const evil = '<script>alert("x")</script> & \'co\'';
    const parts = exampleParts();
    parts.title = evil;
    parts.weights[1]!.name = evil;
    parts.run!.name = evil;
    parts.channels[2]!.name = `${evil}</svg><img src=x onerror=alert(1)>`;
    parts.terms!.terms[0]!.passage!.before = '</table><style>*{display:none}</style>';
    parts.probes!.sets.push('"><iframe>');
    parts.attention!.text = '-->]]><svg onload=alert(1)>';
    const html = reportHtml(createReport(parts), both);
    const tags = new Set([...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, tag]) => tag!.toLowerCase()));
    for (const tag of ['script', 'img', 'iframe']) expect(tags, tag).not.toContain(tag);
    expect(html).not.toMatch(/<[^>]*\son\w+=/);
    expect(html.match(/<style>/g)).toHaveLength(1);
    expect(html.match(/<\/svg>/g)!.length).toBe(html.match(/<svg /g)!.length);
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;co&#39;');
  });

  it('needs no script, no address and no font, and says so in its policy', () => {
    const html = reportHtml(createReport(exampleParts()), both);
    expect(html).not.toMatch(/https?:|url\(|@import|@font-face|<link|src=/);
    expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'");
  });

  it('holds both languages and opens in the first', () => {
    const html = reportHtml(createReport(exampleParts()), [both[1]!, both[0]!]);
    expect(html).toContain('<html lang="zh-CN">');
    expect(html).toMatch(/id="show-zh-CN" checked/);
    expect(html.match(/<article lang="(en|zh-CN)"/g)).toEqual(['<article lang="zh-CN"', '<article lang="en"']);
    expect(html).toContain('通用能力');
    expect(html).toContain('General ability');
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('Markdown', () => {
  it('has well-formed tables: every row as many cells as its head', () => {
    const parts = exampleParts();
    parts.channels[0]!.name = 'a|b\nc';
    const tables = reportMarkdown(createReport(parts), both)
      .split('\n\n')
      .filter((block) => block.startsWith('|'));
    expect(tables.length).toBeGreaterThan(20);
    for (const table of tables) {
      const cells = table.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(cells).size, table).toBe(1);
      expect(table.split('\n')[1]).toMatch(/^(\| -{3}:? )+\|$/);
    }
  });

  it('escapes what would be markup', () => {
    expect(escapeMarkdown('<b>*x*</b> [a](b) `c` | d\ne & &amp;')).toBe('\\<b\\>\\*x\\*\\</b\\> \\[a\\](b) \\`c\\` \\| d e & \\&amp;');
  });

  it('fences a recipe whose name holds a fence', () => {
    const parts = exampleParts();
    parts.run!.recipe = { ...parts.run!.recipe, name: '```\n# no heading' };
    expect(reportMarkdown(createReport(parts), [both[0]!])).toMatch(/\n````json\n[^]*\n````\n/);
  });
});

describe('generated text', () => {
  it('stands beside its prompt in both forms, escaped, and is absent where nothing was written', () => {
    const parts = exampleParts();
    const html = reportHtml(createReport(parts), [both[0]!]);
    expect(html).toContain(' got &lt;b&gt;5 mg&lt;/b&gt;');
    expect(html).toContain(' inhibits COX');
    const markdown = reportMarkdown(createReport(parts), [both[0]!]);
    expect(markdown).toContain('was \\| given');
    expect(markdown).toContain('seed 3, temperature 0.80');
    const { generation: _, written: _written, ...without } = exampleParts();
    expect(reportMarkdown(createReport(without), [both[0]!])).not.toContain('Generated text');
  });
});

describe('figures', () => {
  it('are those of the record, with their intervals, in every form', () => {
    const report = createReport(exampleParts());
    const format = createFormat('en');
    const markdown = reportMarkdown(report, [both[0]!]);
    const html = reportHtml(report, [both[0]!]);
    const domain = report.evaluation!.measure.channels[2]!;
    // (3.3 − 4.1) nats · 100 tokens / (200 bytes · ln 2)
    expect(domain.deltaBits[1]!.value).toBeCloseTo(((EXAMPLE_LOSSES.domain[1] - EXAMPLE_LOSSES.domain[0]) * 100) / (200 * Math.LN2), 9);
    const interval = domain.deltaBits[1]!.interval!;
    const range = `[${format.delta(interval.low)}, ${format.delta(interval.high)}]`;
    expect(format.delta(domain.deltaBits[1]!.value)).toBe('−0.577');
    expect(html).toContain(`−0.577</span><small>${range}</small>`);
    expect(markdown).toContain(`−0.577 ${escapeMarkdown(range)}`);
    // Mean of exp(−0.04) over both general channels.
    expect(format.retention(report.summary.retention!.value)).toBe('0.961');
    for (const text of [markdown, html]) expect(text).toContain('0.961');
  });

  it('read a fault’s advice with the values it changes', () => {
    const report = createReport(exampleParts());
    const kinds = report.diagnosis!.map(({ kind }) => kind);
    expect(kinds).toContain('forgetting');
    const text = reportMarkdown(report, [both[0]!]);
    expect(text).toContain('Share of Medicine \\(domain)'.replace('\\(', '('));
    expect(text).toContain('20.0 % → 16.7 %');
  });

  it('join the moves of a dragged fader', () => {
    const text = reportMarkdown(createReport(exampleParts()), [both[0]!]);
    expect(text).toContain('| 40 | Share of Medicine (domain) | 20.0 % | 30.0 % |');
    expect(text).not.toContain('| 41 |');
    expect(text).toContain('| 70 | Peak learning rate | 3.0e-3 | 1.0e-3 |');
  });
});

it('has the light colours of the studio’s channels', () => {
  const css = read('app/tokens.css');
  const light = css.slice(css.indexOf("[data-mantine-color-scheme='light'] {"), css.indexOf("[data-mantine-color-scheme='dark'] {"));
  const tokens = Object.fromEntries([...light.matchAll(/--channel-([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]));
  expect(tokens).toEqual(CHANNEL_COLOURS);
});
