import { describe, expect, it } from 'vitest';
import type { Probe } from '../../src/core/probes/probe';
import type { TokenBatch } from './trainable-model';
import { scoreProbes } from './probe-scores';
import { sequenceLosses, type SequenceModel } from './sequences';

const options = { exclusively: <T>(work: () => Promise<T>) => work(), between: async () => undefined };
/** Characters are tokens, but `ab` is one; start of text is 0. */
const tokenizer = {
  startOfText: 0,
  encode: (text: string) => (text.match(/ab|./gsu) ?? []).map((token) => (token === 'ab' ? 1 : token.codePointAt(0)!)),
};

/** The loss of a token is its id in hundredths plus how far into its row it stands in thousandths. */
function model(context = 16, seen: TokenBatch[] = []): SequenceModel {
  return {
    context,
    async tokenLosses(batch) {
      seen.push(batch);
      return Float32Array.from(batch.targets, (target, at) => (target < 0 ? 0 : target / 100 + (at % batch.context) / 1000));
    },
  };
}
const loss = (id: number, place: number) => id / 100 + place / 1000;

describe('sequenceLosses', () => {
  it('scores every token after the first, whatever shares a batch', async () => {
    const sequences = [[5, 6, 7], [9], [], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [3, 4]];
    const alone = [];
    for (const sequence of sequences) alone.push(...(await sequenceLosses(model(), [sequence], options)));
    const seen: TokenBatch[] = [];
    const together = await sequenceLosses(model(16, seen), sequences, { ...options, tokensPerBatch: 64 });
    expect(together).toEqual(alone);
    expect(together.map(({ length }) => length)).toEqual([2, 0, 0, 9, 1]);
    expect([...together[0]!]).toEqual([loss(6, 0), loss(7, 1)].map((value) => expect.closeTo(value, 6)));
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ rows: 3, context: 16 });
  });

  it('reads what is longer than the context in windows, with at least half a context before each token', async () => {
    const sequence = Array.from({ length: 30 }, (_, at) => at);
    const [losses] = await sequenceLosses(model(8), [sequence], options);
    expect(losses).toHaveLength(29);
    losses!.forEach((value, at) => {
      const place = Math.round((value - (at + 1) / 100) * 1000);
      expect(place).toBeGreaterThanOrEqual(Math.min(at, 4) - 1);
      expect(place).toBeLessThan(8);
    });
  });

  it('can be cancelled between batches', async () => {
    let turns = 0;
    const between = async () => {
      if ((turns += 1) > 2) throw new Error('enough');
    };
    const work = sequenceLosses(
      model(),
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      { ...options, tokensPerBatch: 8, between },
    );
    await expect(work).rejects.toThrow('enough');
  });
});

describe('scoreProbes', () => {
  const choice = (prompt: string, choices: string[], answer: number): Probe => ({ kind: 'choice', prompt, choices, answer, group: 'g' });

  it('takes the choice that is likeliest per character', async () => {
    // '!' is 33, '"' is 34: by sums "!!" loses to '"', per character it wins.
    const [score] = await scoreProbes(model(), tokenizer, [choice('p', ['"', '!!'], 1)], options);
    const each = [expect.closeTo(-loss(34, 1), 5), expect.closeTo(-(loss(33, 1) + loss(33, 2)) / 2, 5)];
    expect(score).toEqual({
      kind: 'choice',
      likelihoods: [expect.closeTo(-loss(34, 1), 5), expect.closeTo(-loss(33, 1) - loss(33, 2), 5)],
      perCharacter: each,
      perByte: each,
      right: true,
      rightByBytes: true,
    });
  });

  describe('beside lm-evaluation-harness', () => {
    /** A choice is one token with a log-likelihood of its own; all before it costs nothing. */
    const certain = (likelihoods: Record<string, number>) => {
      const pieces = Object.keys(likelihoods);
      return {
        words: {
          startOfText: 0,
          encode: (text: string) => {
            const piece = pieces.find((one) => text.endsWith(one));
            const rest = piece === undefined ? text : text.slice(0, -piece.length);
            return [...[...rest].map(() => 1), ...(piece === undefined ? [] : [100 + pieces.indexOf(piece)])];
          },
        },
        scorer: {
          context: 64,
          tokenLosses: async ({ targets }: TokenBatch) =>
            Float32Array.from(targets, (target) => (target < 100 ? 0 : -likelihoods[pieces[target - 100]!]!)),
        },
      };
    };

    it('divides by the characters of the choice without its blanks (acc_norm), and by their bytes (acc_bytes)', async () => {
      const { words, scorer } = certain({ ' 癌': -4, ' cancer': -10 });
      const [score] = await scoreProbes(scorer, words, [choice('It is', [' 癌', ' cancer'], 1)], options);
      expect(score).toMatchObject({
        likelihoods: [-4, -10],
        perCharacter: [-4, expect.closeTo(-10 / 6, 12)],
        perByte: [expect.closeTo(-4 / 3, 12), expect.closeTo(-10 / 6, 12)],
        right: true,
        rightByBytes: false,
      });
      // By the first rules the blank counts as a byte of the answer, and bytes decide.
      const [first] = await scoreProbes(scorer, words, [choice('It is', [' 癌', ' cancer'], 1)], { ...options, rules: 1 });
      expect(first).toMatchObject({ perByte: [-1, expect.closeTo(-10 / 7, 12)], right: false });
    });

    it('gives the blanks that end a prompt to the answers', async () => {
      const { words, scorer } = certain({ ' Paris': -2, ' Rome': -3, Paris: -7, Rome: -8 });
      const [before, behind, none] = await scoreProbes(
        scorer,
        words,
        [
          choice('The capital is', [' Paris', ' Rome'], 0),
          choice('The capital is ', ['Paris', 'Rome'], 0),
          choice('The capital is', ['Paris', 'Rome'], 0),
        ],
        options,
      );
      expect(behind).toEqual(before);
      expect(before).toMatchObject({ likelihoods: [-2, -3], perCharacter: [-2 / 5, -3 / 4] });
      expect(none).toMatchObject({ likelihoods: [-7, -8] });
    });

    it('starts texts after the start of text', async () => {
      const seen: TokenBatch[] = [];
      const startOfText = 7;
      await scoreProbes(
        model(16, seen),
        { ...tokenizer, startOfText },
        [{ kind: 'reference', prompt: 'p', reference: 'r', group: 'g' }],
        options,
      );
      expect(seen[0]!.ids[0]).toBe(7);
    });
  });

  it('counts a tie as wrong', async () => {
    const flat: SequenceModel = { context: 16, tokenLosses: async ({ targets }) => new Float32Array(targets.length).fill(1) };
    const probes: Probe[] = [choice('p', ['x', 'y'], 0), { kind: 'pair', good: 'xy', bad: 'yx', group: 'g' }];
    expect((await scoreProbes(flat, tokenizer, probes, options)).map((score) => 'right' in score && score.right)).toEqual([false, false]);
  });

  it('starts to count where a token joins prompt and answer', async () => {
    // "xa" + "b" is x, ab: the joined token counts for this choice, and for the other the a that it replaces.
    const [score] = await scoreProbes(model(), tokenizer, [choice('xa', ['b', 'c'], 0)], options);
    expect(score).toMatchObject({
      likelihoods: [expect.closeTo(-loss(1, 1), 5), expect.closeTo(-loss(97, 1) - loss(99, 2), 5)],
      right: true,
    });
  });

  it('holds whole sentences of a pair against each other, and a reference by itself', async () => {
    const probes: Probe[] = [
      { kind: 'pair', good: '!!', bad: '""', group: 'g' },
      { kind: 'reference', prompt: 'p', reference: '!"', group: 'g' },
    ];
    expect(await scoreProbes(model(), tokenizer, probes, options)).toEqual([
      {
        kind: 'pair',
        good: expect.closeTo(-loss(33, 0) - loss(33, 1), 5),
        bad: expect.closeTo(-loss(34, 0) - loss(34, 1), 5),
        right: true,
      },
      {
        kind: 'reference',
        likelihood: expect.closeTo(-loss(33, 1) - loss(34, 2), 5),
        perByte: expect.closeTo(-(loss(33, 1) + loss(34, 2)) / 2, 5),
      },
    ]);
  });

  it('names a probe that is longer than the context and scores the rest', async () => {
    const scores = await scoreProbes(model(8), tokenizer, [choice('a long prompt', ['x', 'y'], 0), choice('p', ['x', '!'], 1)], options);
    expect(scores[0]).toEqual({ kind: 'too-long', tokens: 14, limit: 8 });
    expect(scores[1]).toMatchObject({ kind: 'choice', right: true });
  });
});
