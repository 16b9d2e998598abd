import { describe, expect, it } from 'vitest';
import { parseCard, parseInline, type Inline } from './markdown';

describe('parseCard', () => {
  it('parts front matter from the body', () => {
    const card = parseCard('---\nlicense: apache-2.0\n---\n# Nano\n');
    expect(card.metadata).toBe('license: apache-2.0');
    expect(card.blocks).toEqual([{ kind: 'heading', level: 1, content: [{ kind: 'text', text: 'Nano' }] }]);
  });

  it('reads paragraphs, lists, code and tables', () => {
    const { blocks } = parseCard(
      'One\ntwo\n\n- a\n- b\n  more\n\n1. x\n\n```py\n# not a heading\n```\n| c | loss |\n|---|---:|\n| zh | 4.1 |\n',
    );
    expect(blocks).toEqual([
      { kind: 'paragraph', content: [{ kind: 'text', text: 'One two' }] },
      { kind: 'list', ordered: false, items: [[{ kind: 'text', text: 'a' }], [{ kind: 'text', text: 'b more' }]] },
      { kind: 'list', ordered: true, items: [[{ kind: 'text', text: 'x' }]] },
      { kind: 'code', text: '# not a heading' },
      {
        kind: 'table',
        head: [[{ kind: 'text', text: 'c' }], [{ kind: 'text', text: 'loss' }]],
        rows: [[[{ kind: 'text', text: 'zh' }], [{ kind: 'text', text: '4.1' }]]],
      },
    ]);
  });

  it('leaves HTML as text', () => {
    const { blocks } = parseCard('<img src=x onerror=alert(1)>');
    expect(blocks).toEqual([{ kind: 'paragraph', content: [{ kind: 'text', text: '<img src=x onerror=alert(1)>' }] }]);
  });

  it('ends on text that starts a form and does not finish it', () => {
    for (const text of ['| a |', '```', '|', '- ', '#', '---\n', '**', '| a |\n| b |'])
      expect(Array.isArray(parseCard(text).blocks)).toBe(true);
    expect(parseCard('| a |\n| b |').blocks).toHaveLength(2);
  });
});

describe('parseInline', () => {
  it('shows a link’s address instead of linking', () => {
    expect(parseInline('see [the paper](javascript:x) and `f(x)`, **now**')).toEqual([
      { kind: 'text', text: 'see the paper (javascript:x) and ' },
      { kind: 'code', text: 'f(x)' },
      { kind: 'text', text: ', ' },
      { kind: 'strong', text: 'now' },
    ]);
  });

  it('keeps an escaped | inside its cell, and takes the backslashes of escapes away', () => {
    const { blocks } = parseCard('| a \\| b | `x \\| y` |\n| --- | --- |\n| my\\_run \\#1 | \\*not strong\\* **so\\*so** [a\\]b](u) |');
    const text = (content: string): Inline[] => [{ kind: 'text', text: content }];
    expect(blocks).toEqual([
      {
        kind: 'table',
        head: [text('a | b'), [{ kind: 'code', text: 'x | y' }]],
        rows: [[text('my_run #1'), [...text('*not strong* '), { kind: 'strong', text: 'so*so' }, ...text(' a]b (u)')]]],
      },
    ]);
  });
});
