/** The term lists that a new workshop starts with: medicine, by language. A person replaces them by those of their own domain. */
export const defaultTerms: Record<string, string[]> = {
  en: ['patient', 'diagnosis', 'treatment', 'symptom', 'disease', 'medication', 'therapy', 'clinical', 'medical', 'health'],
  zh: ['病人', '诊断', '治疗', '症状', '疾病', '药物', '临床', '医疗'],
};
