/** A language as the report needs it: its texts, taken from the pages' files, and its number formats. */
import { createFormat } from '../i18n/format';
import { LANGUAGES, type Language } from '../i18n/start';

/** A language as the report needs it: its texts, and how it writes numbers. */

export interface ReportTexts {
  readonly [key: string]: string | ReportTexts;
}

/** The part of the page's number formats that reports use. */
export interface ReportFormat {
  loss(value: number | null): string;
  delta(value: number | null): string;
  perplexity(value: number | null): string;
  percent(ratio: number | null, digits?: number): string;
  retention(value: number | null): string;
  lr(value: number): string;
  count(value: number | null): string;
  decimal(value: number | null, digits: number): string;
  dateTime(epochMs: number): string;
}

export interface ReportWords {
  /** BCP 47: "en", "zh-CN". */
  lang: string;
  format: ReportFormat;
  /** The text at a dotted key with its values put in. @throws Error when there is no such text or a value is missing */
  t(key: string, values?: Readonly<Record<string, string>>): string;
  /** False where the language has no such text: for names that a person gave. */
  has(key: string): boolean;
  /** "a, b and c" */
  list(items: readonly string[]): string;
}

export function createWords(lang: string, texts: ReportTexts, format: ReportFormat): ReportWords {
  const find = (key: string): string | null => {
    let at: string | ReportTexts | undefined = texts;
    for (const part of key.split('.')) at = typeof at === 'object' && Object.hasOwn(at, part) ? at[part] : undefined;
    return typeof at === 'string' ? at : null;
  };
  const lists = new Intl.ListFormat(lang, { type: 'conjunction' });
  return {
    lang,
    format,
    t: (key, values = {}) => {
      const text = find(key);
      if (text === null) throw new Error(`No text for the key "${key}"`);
      return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`No value for {{${name}}} of "${key}"`);
        return value;
      });
    },
    has: (key) => find(key) !== null,
    list: (items) => lists.format(items),
  };
}

const TAGS: Record<Language, string> = { en: 'en', zh: 'zh-CN' };
const files = import.meta.glob<ReportTexts>('../i18n/{en,zh}/{report,common,desk,diagnosis,measures}.json', { import: 'default' });

/** @param first the language that the report opens in */
export function loadReportWords(first: Language): Promise<ReportWords[]> {
  const order = [first, ...LANGUAGES.filter((language) => language !== first)];
  return Promise.all(
    order.map(async (language) => {
      const [report, common, desk, diagnosis, measures] = await Promise.all(
        ['report', 'common', 'desk', 'diagnosis', 'measures'].map((name) => files[`../i18n/${language}/${name}.json`]!()),
      );
      return createWords(
        TAGS[language],
        reportTexts({ report: report!, common: common!, desk: desk!, diagnosis: diagnosis!, measures: measures! }),
        createFormat(language),
      );
    }),
  );
}

/** What the pages have words for already, the report takes from them. */
export function reportTexts(pages: Record<'report' | 'common' | 'desk' | 'diagnosis' | 'measures', ReportTexts>): ReportTexts {
  const { report, common, desk, diagnosis } = pages;
  const probes = pages.measures['probes'] as ReportTexts;
  return {
    ...report,
    state: common['state']!,
    stopReason: common['stopReason']!,
    role: common['role']!,
    channel: common['corpora']!,
    removedChannel: common['removedChannel']!,
    recipeField: common['recipeField']!,
    recipeChannel: common['recipeChannel']!,
    recipePhase: common['recipePhase']!,
    recipeValue: common['recipeValue']!,
    reading: desk['reading']!,
    finding: diagnosis['finding']!,
    advice: diagnosis['advice']!,
    group: probes['group']!,
  };
}
