/**
 * Lines of public question sets in the studio's own form. Prompts are those of lm-evaluation-harness's tasks that score the answers' text; the blank
 * between prompt and answer belongs to the answer.
 */

/** What a line looks like. */
export type PublicShape =
  | 'hellaswag' // ctx, endings, label
  | 'piqa' // goal, sol1, sol2, label
  | 'winogrande' // sentence with _, option1, option2, answer
  | 'blimp' // sentence_good, sentence_bad
  | 'boolq' // passage, question, answer true or false
  | 'sciq' // question, distractor1 …, correct_answer
  | 'arc' // question, choices.text, choices.label, answerKey: ARC, OpenBookQA, CommonsenseQA
  | 'ceval' // question, A, B, C, D, answer: C-Eval, CMMLU
  | 'repeated' // equal choices, of which one is enough
  | 'mmlu' // question or prompt, choices or options, answer as a number, a letter, a numeral or the choice itself
  | 'question-answer'; // question and one answer in words

export interface Mapped {
  shape: PublicShape;
  /** In the studio's form, to be checked as any other line. */
  value: Record<string, unknown>;
}

type Line = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);
const texts = (value: unknown): string[] | null => {
  const all = Array.isArray(value) ? value.map(text) : null;
  return all && all.length > 1 && all.every((one) => one !== null) ? (all as string[]) : null;
};

/** Han and kana follow the prompt directly, all else after a blank. */
const unspaced = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u;
const afterPrompt = (answer: string): string => (unspaced.test(answer) ? answer : ` ${answer}`);

/** null where the line has none of the known shapes. */
export function mapPublicShape(line: Line): Mapped | null {
  for (const [shape, map] of SHAPES) {
    const value = map(line);
    if (value) return { shape, value: { ...groupOf(line), ...value } };
  }
  return null;
}

function groupOf(line: Line): { group?: string } {
  for (const name of ['group', 'subject', 'category', 'linguistics_term', 'activity_label', 'Category']) {
    const group = text(line[name]);
    if (group) return { group: group.slice(0, 64) };
  }
  return {};
}

const SHAPES: readonly (readonly [PublicShape, (line: Line) => Record<string, unknown> | null])[] = [
  ['hellaswag', hellaswag],
  ['piqa', piqa],
  ['winogrande', winogrande],
  ['blimp', blimp],
  ['boolq', boolq],
  ['sciq', sciq],
  ['arc', arc],
  ['ceval', ceval],
  ['repeated', repeated],
  ['mmlu', mmlu],
  ['question-answer', questionAnswer],
];

/** As the harness's task cleans it: headings in brackets end a sentence. */
const withoutMarks = (passage: string): string =>
  passage
    .trim()
    .replaceAll(' [title]', '. ')
    .replace(/\[.*?\]/g, '')
    .replaceAll('  ', ' ');

function hellaswag(line: Line) {
  const endings = texts(line['endings']);
  const parts = [text(line['ctx_a']), text(line['ctx_b'])];
  const context = parts[0] && parts[1] ? `${parts[0]} ${capitalised(parts[1])}` : (text(line['ctx']) ?? parts[0] ?? null);
  if (!endings || !context) return null;
  const activity = text(line['activity_label']);
  return choice(withoutMarks(activity ? `${activity}: ${context}` : context), endings.map(withoutMarks), line['label']);
}

const capitalised = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();

function piqa(line: Line) {
  const [goal, first, second] = [text(line['goal']), text(line['sol1']), text(line['sol2'])];
  return goal && first && second ? choice(`Question: ${goal}\nAnswer:`, [first, second], line['label']) : null;
}

/** Two sentences, of which the one with the right word should be likelier. */
function winogrande(line: Line) {
  const [sentence, first, second] = [text(line['sentence']), text(line['option1']), text(line['option2'])];
  const answer = text(String(line['answer'] ?? ''));
  if (!sentence?.includes('_') || !first || !second || (answer !== '1' && answer !== '2')) return null;
  const [good, bad] = answer === '1' ? [first, second] : [second, first];
  return { good: sentence.replace('_', good), bad: sentence.replace('_', bad) };
}

function blimp(line: Line) {
  const [good, bad] = [text(line['sentence_good']), text(line['sentence_bad'])];
  return good && bad ? { good, bad } : null;
}

function boolq(line: Line) {
  const [passage, question] = [text(line['passage']), text(line['question'])];
  const answer = line['answer'] ?? line['label'];
  if (!passage || !question || !(typeof answer === 'boolean' || answer === 0 || answer === 1)) return null;
  return choice(`${passage}\nQuestion: ${question.replace(/\?$/, '')}?\nAnswer:`, ['no', 'yes'], Number(answer));
}

function sciq(line: Line) {
  const [question, right] = [text(line['question']), text(line['correct_answer'])];
  const wrong = texts(['distractor1', 'distractor2', 'distractor3'].map((name) => line[name]));
  if (!question || !right || !wrong) return null;
  const support = text(line['support']);
  return choice(`${support ? `${support}\n` : ''}Question: ${question}\nAnswer:`, [...wrong, right], wrong.length);
}

function arc(line: Line) {
  const question = text(line['question']) ?? text(line['question_stem']);
  const given = line['choices'] as Line | undefined;
  if (!question || typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  const [choices, labels] = [texts(given['text']), texts(given['label'])];
  const at = labels?.indexOf(String(line['answerKey'] ?? line['answer'])) ?? -1;
  return choices && at >= 0 ? choice(`Question: ${question}\nAnswer:`, choices, at) : null;
}

function ceval(line: Line) {
  const question = text(line['question']) ?? text(line['Question']);
  const choices = texts(['A', 'B', 'C', 'D'].map((name) => line[name]));
  const answer = line['answer'] ?? line['Answer'];
  if (!question || !choices) return null;
  const chinese = unspaced.test(question) || /\p{sc=Han}/u.test(question);
  return choice(chinese ? `问题：${question}\n答案：` : `Question: ${question}\nAnswer:`, choices, answer);
}

function mmlu(line: Line) {
  const choices = texts(line['choices']) ?? texts(line['options']);
  const [prompt, question] = [text(line['prompt']), text(line['question'])];
  const answer = line['answer'] ?? line['label'] ?? line['answerKey'] ?? line['answer_index'];
  if (!choices || !(prompt ?? question)) return null;
  return choice(prompt ?? `Question: ${question}\nAnswer:`, choices, answer);
}

/** A line of the studio's own form whose choices repeat. */
function repeated(line: Line) {
  const { choices, answer } = line;
  if (!Array.isArray(choices) || typeof answer !== 'number') return null;
  const once = [...new Set(choices)];
  const at = once.indexOf(choices[answer]);
  return once.length < choices.length && once.length > 1 && at >= 0 ? { prompt: line['prompt'], choices: once, answer: at } : null;
}

function questionAnswer(line: Line) {
  const question = text(line['question']);
  const answer = text(line['answer']);
  // Where there are choices the answer is one of them, not a text.
  if (['choices', 'options', 'endings', 'A'].some((name) => name in line)) return null;
  return question && answer ? { prompt: `Question: ${question}\nAnswer:`, reference: afterPrompt(answer) } : null;
}

/** Equal choices become one. */
function choice(prompt: string, choices: readonly string[], answer: unknown) {
  const at = indexOf(answer, choices);
  if (at === null) return null;
  const once = [...new Set(choices)];
  return once.length > 1 ? { prompt, choices: once.map(afterPrompt), answer: once.indexOf(choices[at]!) } : null;
}

/** 0 … n − 1 as a number or a numeral, a letter from A on, or the choice itself. */
function indexOf(answer: unknown, choices: readonly string[]): number | null {
  const inside = (at: number) => (Number.isInteger(at) && at >= 0 && at < choices.length ? at : null);
  if (typeof answer === 'number') return inside(answer);
  const written = text(answer);
  if (written === null) return null;
  const letter = /^\(?([A-Za-z])[).]?$/.exec(written)?.[1];
  const itself = choices.indexOf(written);
  if (itself >= 0) return itself;
  if (letter) return inside(letter.toUpperCase().charCodeAt(0) - 65);
  return /^\d+$/.test(written) ? inside(Number(written)) : null;
}
