/** What the run suffers from: evidence, likely cause, and one change of the recipe. */
import type { Advice } from '../../core/diagnosis/advice';
import type { Evidence, Finding } from '../../core/diagnosis/diagnose';
import type { RecipeDifference } from '../../core/recipe/diff';
import type { Block, Section } from '../document';
import type { Naming } from '../naming';
import type { Report } from '../report';
import type { ReportWords } from '../words';

/** "Lower the peak learning rate: 3.0e-3 → 3.0e-4." @param shown of the advice's changes */
export function adviceSentence(advice: Advice, shown: readonly RecipeDifference[], { t }: ReportWords, naming: Naming): string {
  const changes = shown.map((change) => {
    const { field, from, to } = naming.difference(change);
    // A single change is what the advice itself names.
    return shown.length === 1 ? t('diagnosis.only', { from, to }) : t('diagnosis.change', { field, from, to });
  });
  return t('diagnosis.adviceWithChanges', { advice: t(`advice.${advice.kind}`), changes: changes.join(t('diagnosis.and')) });
}

/** Null where no run was read. */
export function diagnosisSection({ diagnosis }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!diagnosis) return null;
  const { t } = words;
  const blocks: Block[] =
    diagnosis.length === 0
      ? [{ kind: 'text', text: t('diagnosis.nothing') }]
      : diagnosis.map((finding): Block => ({
          kind: 'finding',
          title: readingText(finding, 'what', words, naming),
          rows: rows(finding, words, naming),
        }));
  return { id: 'diagnosis', title: t('diagnosis.title'), blocks };
}

function rows(finding: Finding, words: ReportWords, naming: Naming): { name: string; text: string }[] {
  const { t } = words;
  const out: { name: string; text: string }[] = [];
  if (finding.evidence.length > 0)
    out.push({
      name: t('diagnosis.evidence'),
      text: finding.evidence.map((evidence) => evidenceText(evidence, words, naming)).join(t('diagnosis.and')),
    });
  out.push({ name: t('diagnosis.cause'), text: t(`finding.${finding.kind}.cause`) });
  out.push({ name: t('diagnosis.remedy'), text: readingText(finding, 'do', words, naming) });
  if (finding.advice) out.push({ name: t('diagnosis.next'), text: adviceSentence(finding.advice, finding.advice.changes, words, naming) });
  return out;
}

function evidenceText({ curve, channel, from, to }: Evidence, { t, format }: ReportWords, naming: Naming): string {
  const write = curve === 'retention' ? format.retention : format.loss;
  const name =
    curve === 'retention'
      ? t('curves.retention')
      : channel === 'total'
        ? t('diagnosis.trainTotal')
        : t(`diagnosis.${curve}`, { channel: naming.channel(channel) });
  if (from.step === to.step) return t('diagnosis.point', { curve: name, value: write(from.value), step: format.count(from.step) });
  return t('diagnosis.stretch', {
    curve: name,
    from: write(from.value),
    to: write(to.value),
    first: format.count(from.step),
    last: format.count(to.step),
  });
}

/** Sentences of the desk's readings; their values are losses, ratios and channel ids. */
function readingText({ kind, values }: Finding, part: 'what' | 'do', { t, format }: ReportWords, naming: Naming): string {
  const write: Readonly<Record<string, (value: number) => string>> = {
    retention: format.retention,
    step: format.count,
    epochs: (value) => format.decimal(value, 1),
  };
  const shown = Object.entries(values).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? naming.channel(value) : (write[name]?.(value) ?? format.decimal(value, 2)),
  ]);
  return t(`reading.${kind}.${part}`, Object.fromEntries(shown));
}
