/** What the run suffers from: evidence, likely cause, and one change of the recipe. */
import type { Advice } from '../../diagnosis/advice';
import type { Evidence, Finding } from '../../diagnosis/diagnose';
import type { RecipeDifference } from '../../recipe/diff';
import type { Block, Section } from '../document';
import type { Naming } from '../naming';
import type { Report } from '../report';
import type { ReportWords } from '../words';

/** "Lower the peak learning rate: 3.0e-3 → 3.0e-4." @param shown of the advice's changes */
export function adviceSentence(advice: Advice, shown: readonly RecipeDifference[], { t }: ReportWords, naming: Naming): string {
  const changes = shown.map((change) => {
    const { field, from, to } = naming.difference(change);
    return t('diagnosis.change', { field, from, to });
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
  out.push({ name: t('diagnosis.remedy'), text: readingText(finding, 'do', words, naming) });
  if (finding.advice) out.push({ name: t('diagnosis.next'), text: adviceSentence(finding.advice, finding.advice.changes, words, naming) });
  return out;
}

function evidenceText({ curve, channel, from, to }: Evidence, { t, format }: ReportWords, naming: Naming): string {
  const write = curve === 'retention' ? format.retention : format.loss;
  return t('diagnosis.stretch', {
    curve: curve === 'retention' ? t('curves.retention') : t(`diagnosis.${curve}`, { channel: naming.channel(channel) }),
    from: write(from.value),
    to: write(to.value),
    first: format.count(from.step),
    last: format.count(to.step),
  });
}

/** Sentences of the desk's readings; their values are losses, ratios and channel ids. */
function readingText({ kind, values }: Finding, part: 'what' | 'do', { t, format }: ReportWords, naming: Naming): string {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(values))
    shown[name] =
      typeof value === 'string'
        ? naming.channel(value)
        : name === 'retention'
          ? format.retention(value)
          : format.decimal(value, name === 'epochs' ? 1 : 2);
  return t(`reading.${kind}.${part}`, shown);
}
