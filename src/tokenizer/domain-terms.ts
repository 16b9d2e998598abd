/** The list of domain terms that a person can edit, one a line or parted by commas. */

/** METHOD 4, both languages. */
export const DEFAULT_TERMS = [
  ...['patient', 'diagnosis', 'treatment', 'symptom', 'disease', 'medication', 'therapy', 'clinical', 'medical', 'health'],
  ...['病人', '诊断', '治疗', '症状', '疾病', '药物', '临床', '医疗'],
];

/** Without doubles, in the order given. */
export function parseTerms(text: string): string[] {
  const terms = text.split(/[\n,，、;；]+/).map((term) => term.trim());
  return [...new Set(terms.filter((term) => term !== ''))];
}
