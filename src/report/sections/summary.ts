/** Half a page for a meeting: what was learnt, what was forgotten, how sure that is, and what to do next. */
import { perplexity } from '../../core/metrics/loss';
import type { GainVerdict, RetentionVerdict } from '../../core/metrics/verdict';
import type { Block, FigureBlock, Section, Tone } from '../document';
import type { Naming } from '../naming';
import type { Report } from '../report';
import type { ReportWords } from '../words';
import { adviceSentence } from './run';

const TONES: Readonly<Record<GainVerdict | RetentionVerdict, Tone>> = {
  learnt: 'good',
  kept: 'good',
  lost: 'bad',
  unclear: 'warn',
  same: 'plain',
};
/** Fewer documents than this give rough intervals. */
const FEW_DOCUMENTS = 20;
/** More advice than this belongs to its own section. */
const NAMED_ADVICE = 2;

export function summarySection(report: Report, words: ReportWords, naming: Naming): Section {
  const { t } = words;
  const items = [
    { lead: t('summary.learnt'), text: joined(words, learnt(report, words, naming)) },
    { lead: t('summary.forgotten'), text: joined(words, forgotten(report, words, naming)) },
    { lead: t('summary.sure'), text: joined(words, sureness(report, words)) },
    { lead: t('summary.next'), text: joined(words, next(report, words, naming)) },
  ];
  const [a, b, ...others] = report.weights;
  const blocks: Block[] = [];
  if (a && b) blocks.push({ kind: 'text', text: t('summary.compared', { a: naming.weights(a), b: naming.weights(b) }) });
  if (others[0]) blocks.push({ kind: 'text', text: t('summary.third', { c: naming.weights(others[0]) }) });
  blocks.push({ kind: 'figures', figures: figures(report, words, naming) }, { kind: 'list', items });
  return { id: 'summary', title: t('summary.title'), blocks };
}

/** Chinese sentences follow one another without a space. */
const joined = ({ lang }: ReportWords, sentences: readonly string[]) => sentences.join(lang.startsWith('zh') ? '' : ' ');

function figures({ summary }: Report, { t, format }: ReportWords, naming: Naming): FigureBlock[] {
  const { gain, retention, risk } = summary;
  const range = (text: string) => (text === '' ? t('summary.noInterval') : t('summary.interval', { range: text }));
  const none = (title: string): FigureBlock => ({ title, value: '—', unit: '', interval: t('summary.unmeasured'), tone: 'plain' });
  return [
    gain
      ? {
          title: t('summary.gainTitle'),
          value: format.delta(gain.value),
          unit: t('summary.gainUnit'),
          interval: range(naming.interval(gain.interval, format.delta)),
          tone: TONES[gain.verdict],
        }
      : none(t('summary.gainTitle')),
    retention
      ? {
          title: t('summary.retention'),
          value: format.retention(retention.value),
          unit: t('summary.retentionUnit'),
          interval: range(naming.interval(retention.interval, format.retention)),
          tone: TONES[retention.verdict],
        }
      : none(t('summary.retention')),
    risk
      ? {
          title: t('summary.risk'),
          value: t(`risk.${risk.level}`),
          unit: format.retention(risk.value),
          interval: range(naming.interval(risk.interval, format.retention)),
          tone: risk.level === 'low' ? 'good' : risk.level === 'medium' ? 'warn' : 'bad',
        }
      : none(t('summary.risk')),
  ];
}

function learnt(report: Report, words: ReportWords, naming: Naming): string[] {
  const { t, format } = words;
  const { summary, evaluation, terms } = report;
  const domains = evaluation?.measure.channels.filter(({ role }) => role === 'domain') ?? [];
  const { gain } = summary;
  const sentences: string[] = [];
  if (!evaluation) sentences.push(t('summary.noEvaluation'));
  else if (!gain) sentences.push(t('summary.noDomain'));
  else {
    const values = {
      channels: words.list(domains.map(({ id }) => naming.channel(id))),
      gain: format.decimal(Math.abs(gain.value), 3),
      range: gain.interval === null ? '' : ` ${naming.interval(gain.interval, format.delta)}`,
    };
    sentences.push(t(`summary.gain.${gain.verdict}`, values));
    const [domain] = domains;
    if (domain && domains.length === 1 && summary.sameTokens)
      sentences.push(
        t('summary.perplexity', {
          from: format.perplexity(perplexity(domain.loss[0]!.value)),
          to: format.perplexity(perplexity(domain.loss[1]!.value)),
        }),
      );
  }
  const overall = terms?.overall;
  if (overall && overall.bitsPerByte.length > 1)
    sentences.push(
      t('summary.terms', { from: format.loss(overall.bitsPerByte[0]!), to: format.loss(overall.bitsPerByte[1]!) }),
      t('summary.mostLearnt', { terms: words.list(summary.mostLearnt) }),
    );
  if (summary.memorised.length > 0)
    sentences.push(
      t('summary.memorised', {
        channels: words.list(
          summary.memorised.map(({ id, value }) =>
            t('summary.memorisedBy', { channel: naming.channel(id), value: format.decimal(value, 3) }),
          ),
        ),
      }),
    );
  return sentences;
}

function forgotten({ summary, evaluation }: Report, words: ReportWords, naming: Naming): string[] {
  const { t, format } = words;
  const { retention, risk } = summary;
  const sentences: string[] = [];
  if (retention) {
    const values = {
      retention: [format.retention(retention.value), naming.interval(retention.interval, format.retention)].join(' ').trim(),
    };
    sentences.push(t(`summary.kept.${retention.verdict}`, values));
    if (retention.below.length > 0)
      sentences.push(
        t('summary.below', {
          channels: words.list(retention.below.map(({ id, value }) => `${naming.channel(id)} ${format.retention(value)}`)),
        }),
      );
  } else if (evaluation) sentences.push(t(summary.sameTokens === false ? 'summary.retentionTokens' : 'summary.noGeneral'));
  else sentences.push(t('summary.noEvaluation'));
  if (risk) {
    sentences.push(t('summary.riskSentence', { level: t(`risk.${risk.level}`), value: format.retention(risk.value) }));
    if (risk.uninformative.length > 0)
      sentences.push(t('summary.uninformative', { groups: words.list(risk.uninformative.map((group) => t(`group.${group}`))) }));
  }
  return sentences;
}

function sureness({ evaluation, run, notMeasured, summary }: Report, words: ReportWords): string[] {
  const { t, format } = words;
  const sentences: string[] = [];
  if (evaluation) {
    const count = format.count(evaluation.count);
    if (evaluation.from === 'documents') {
      const fewest = Math.min(...evaluation.measure.channels.map(({ documents }) => documents));
      sentences.push(t('summary.intervals', { count }));
      if (fewest < FEW_DOCUMENTS) sentences.push(t('summary.fewDocuments', { count: format.count(fewest) }));
    } else sentences.push(t('summary.fromRun', { count }));
    if (summary.sameTokens === false) sentences.push(t('summary.otherTokens'));
  }
  if (run)
    sentences.push(t(evaluation?.from === 'documents' ? 'summary.oneSeed' : 'summary.oneSeedPlain', { seed: String(run.recipe.seed) }));
  if (notMeasured.length > 0) sentences.push(t('summary.notMeasured', { parts: words.list(notMeasured.map((part) => t(`part.${part}`))) }));
  return sentences;
}

function next(report: Report, words: ReportWords, naming: Naming): string[] {
  const { t } = words;
  const { summary, diagnosis = [], notMeasured } = report;
  // General channels make room for the domain's share, or take it: what is meant is the domain's.
  const follows = (field: string) => report.channels.some(({ id, role }) => role === 'general' && field === `channels.${id}.share`);
  const advised = diagnosis.flatMap(({ advice }) => {
    if (!advice) return [];
    const { changes } = advice;
    const meant = changes.filter(({ field }) => !follows(field));
    return [adviceSentence(advice, meant.length > 0 ? meant : changes, words, naming)];
  });
  // Two findings may ask for the same.
  const sentences = [...new Set(advised)].slice(0, NAMED_ADVICE);
  const lost = summary.retention?.verdict === 'lost';
  if (sentences.length === 0 && report.evaluation)
    sentences.push(
      lost
        ? t('next.lost')
        : summary.gain?.verdict === 'learnt' && summary.retention?.verdict === 'kept'
          ? t('next.onCourse')
          : t('next.even'),
    );
  if (notMeasured.includes('evaluation') || notMeasured.includes('intervals')) sentences.push(t('next.measure'));
  else if (notMeasured.includes('probes')) sentences.push(t('next.probes'));
  return sentences;
}
