/**
 * Conversations as a model reads them: rendered by its chat template (Jinja, as transformers' apply_chat_template), with the answers' tokens
 * marked. A template says by `{% generation %}` what an answer is; of others it is all that they write from an answer's first character to the
 * end of its turn. Special tokens that the template writes out are tokens.
 */
import { StudioError } from '../../src/core/errors';
import type { Message } from '../../src/core/corpus/row';
import { readRecord, type RecordKind } from '../../src/core/corpus/records';
import { sha256 } from '../storage/hash';
import { findModel, readModelText } from '../storage/models';
import { spansOf } from './spans';
import type { TextTokenizer } from './text-tokenizer';
import type { Vocabulary } from './vocabulary';

/**
 * Of models without a template: ChatML's turns in plain words, since a tokenizer of texts has no tokens for them. An answer ends with the
 * end-of-text token.
 */
const PLAIN_TEMPLATE = `{%- for message in messages %}
    {{- message['role'] + ':\\n' }}
    {%- if message['role'] == 'assistant' %}
        {%- generation %}{{- message['content'] + eos_token }}{%- endgeneration %}
        {{- '\\n' }}
    {%- else %}
        {{- message['content'] + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- 'assistant:\\n' }}{%- endif %}`;

/** A text with the stretches of it that are predicted, in UTF-16 units, rising. */
export interface MarkedText {
  text: string;
  answers: [start: number, end: number][];
}

// Noncharacters, which no text holds, mark places while a template writes.
const OPENED = '\ufdd0';
const CLOSED = '\ufdd1';

export class ChatTemplate {
  private constructor(
    /** Hex digits of what is rendered by: the same key, the same texts. */
    readonly key: string,
    private readonly render: (messages: readonly Message[], prompt: boolean) => string,
    /** The template marks answers itself. */
    private readonly marks: boolean,
  ) {}

  /**
   * @param source null: the model has none
   * @throws StudioError `template-invalid`
   */
  static async open(source: string | null, tokens: { bos: string; eos: string }): Promise<ChatTemplate> {
    const { Template } = await import('@huggingface/jinja');
    const written = source ?? PLAIN_TEMPLATE;
    const marked = withMarks(written);
    let jinja: InstanceType<typeof Template>;
    try {
      jinja = new Template(marked);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new StudioError('template-invalid', `The chat template cannot be read: ${detail}`, { detail });
    }
    const key = (await sha256(JSON.stringify([written, tokens]))).slice(0, 8);
    const render = (messages: readonly Message[], prompt: boolean) =>
      jinja.render({ messages, add_generation_prompt: prompt, bos_token: tokens.bos, eos_token: tokens.eos });
    return new ChatTemplate(key, render, marked !== written);
  }

  /** A conversation; null where the template refuses it (some know no system prompt). */
  conversation(messages: readonly Message[]): MarkedText | null {
    return this.attempt(() => {
      if (this.marks) return marked(this.render(messages, false));
      const said = messages.map(({ role, content }) => ({ role, content: role === 'assistant' ? `${OPENED}${content}` : content }));
      const { text, answers } = marked(this.render(said, false));
      const ends = said.flatMap(({ role }, at) => (role === 'assistant' ? [at + 1] : []));
      return {
        text,
        answers: answers.map(([start], at) => {
          const before = marked(this.render(said.slice(0, ends[at]), false)).text;
          const content = messages[ends[at]! - 1]!.content;
          // What a template writes of a beginning may not begin the whole: some put a system prompt into the last question.
          return [start, text.startsWith(before) ? before.length : Math.min(text.length, start + content.length)];
        }),
      };
    });
  }

  /** What an answer is sampled after; null where the template refuses it. */
  prompt(messages: readonly Message[]): string | null {
    return this.attempt(() => marked(this.render(messages, true)).text);
  }

  private attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch {
      return null;
    }
  }
}

/** A template whose `generation` blocks write marks, trimmed as the tags are (`trim_blocks` and `lstrip_blocks`, as transformers has them). */
function withMarks(source: string): string {
  return source.replace(
    /([ \t]*)\{%(-?)\s*(end)?generation\s*(-?)%\}/g,
    (_, before: string, left: string, end: string | undefined, right: string, offset: number) => {
      const begins = offset === 0 || source[offset - 1] === '\n';
      // A comment's line end is trimmed as a tag's.
      return `${left || begins ? '' : before}{{${left} '${end ? CLOSED : OPENED}' ${right}}}${right ? '' : '{# #}'}`;
    },
  );
}

function marked(written: string): MarkedText {
  let text = '';
  const answers: [number, number][] = [];
  for (const piece of written.split(/([\ufdd0\ufdd1])/)) {
    if (piece === OPENED) answers.push([text.length, text.length]);
    else if (piece === CLOSED) answers.at(-1)![1] = text.length;
    else text += piece;
  }
  return { text, answers };
}

/** A record as the text that its tokens are made of; null where the template refuses it. Of a pair the chosen answer is the one that is read. */
export function renderRecord(template: ChatTemplate, kind: RecordKind, json: string): MarkedText | null {
  switch (kind) {
    case 'labelled':
      return { text: readRecord(kind, json).text, answers: [] };
    case 'conversations':
      return template.conversation(readRecord(kind, json).messages);
    case 'preferences': {
      const { prompt, chosen } = readRecord(kind, json);
      return template.conversation([...prompt, ...chosen]);
    }
    case 'prompts': {
      const text = template.prompt(readRecord(kind, json).prompt);
      return text === null ? null : { text, answers: [] };
    }
  }
}

/**
 * Ids of a text, and 1 for each that holds a character of an answer: transformers' assistant masks.
 * @param special what special tokens written out in it become
 */
export function encodeMarked(
  tokenizer: TextTokenizer,
  vocabulary: Vocabulary,
  { text, answers }: MarkedText,
  special: 'plain' | 'tokens' = 'tokens',
): { ids: number[]; marks: Uint8Array<ArrayBuffer> } {
  const ids = tokenizer.encode(text, special);
  const marks = new Uint8Array(ids.length);
  if (answers.length === 0) return { ids, marks };
  let token = 0;
  let at = 0;
  let next = 0;
  for (const { text: covered, pieces } of spansOf(
    text,
    ids.map((id) => vocabulary.piece(id)),
    tokenizer.byteLevel,
    true,
  )) {
    const end = at + covered.length;
    while (next < answers.length && answers[next]![1] <= at) next++;
    const inside = next < answers.length && answers[next]![0] < end && end > at;
    marks.fill(inside ? 1 : 0, token, token + pieces.length);
    token += pieces.length;
    at = end;
  }
  return { ids, marks };
}

/** The chat template of a model; null where it has none. */
export async function readChatTemplate(listing: Awaited<ReturnType<typeof findModel>>): Promise<string | null> {
  return (await readModelText(listing, 'chat_template.jinja')) ?? templateIn(await readModelText(listing, 'tokenizer_config.json'));
}

/** @throws StudioError `template-invalid` */
export async function chatTemplateOf(model: string, tokenizer: TextTokenizer): Promise<ChatTemplate> {
  const listing = await findModel(model);
  const config = parsed(await readModelText(listing, 'tokenizer_config.json'));
  const named = (name: string, id: number): string => {
    const token = config[name];
    if (typeof token === 'string') return token;
    if (typeof token === 'object' && token !== null && 'content' in token && typeof token.content === 'string') return token.content;
    return tokenizer.decode([id]);
  };
  return ChatTemplate.open(await readChatTemplate(listing), {
    bos: named('bos_token', tokenizer.startOfText),
    eos: named('eos_token', tokenizer.endOfText),
  });
}

function parsed(json: string | null): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(json ?? '{}') as Record<string, unknown>;
  } catch {
    return {};
  }
}

function templateIn(config: string | null): string | null {
  const { chat_template: given } = parsed(config);
  if (typeof given === 'string') return given;
  const named = Array.isArray(given) ? (given as { name?: unknown; template?: unknown }[]) : [];
  const template = (named.find(({ name }) => name === 'default') ?? named[0])?.template;
  return typeof template === 'string' ? template : null;
}
