/**
 * Training of a Unigram language model (Kudo 2018, arXiv 1804.10959) as Hugging Face's `UnigramTrainer` does it, after
 * SentencePiece: from many seed pieces, expectation–maximisation with a sparse prior (Liang & Klein 2007) and pruning of the pieces
 * whose loss costs the likelihood least, in turns.
 */
import { StudioError } from '../../../src/core/errors';
import type { Turns } from '../turns';
import { Lattice, UNKNOWN, seedPieces } from './lattice';
import type { UnigramOptions } from '../../../src/contract/tokenizer';

/** A piece used less often than this, on average, is dropped. */
const LEAST_EXPECTED = 0.5;
/** Score difference between characters that are added back after pruning, so that their scores are distinct. */
const CHARACTER_STEP = 0.0001;

export interface LearnedUnigram {
  /** Learned pieces by falling score, special tokens not among them. */
  pieces: [piece: string, score: number][];
  /** Distinct characters. */
  alphabet: number;
}

/**
 * @param counts weighted counts of words, 1 for a word that stands once
 * @param size pieces to keep
 * @throws StudioError `tokenizer-options` when `size` cannot hold all characters; `cancelled`
 */
export async function learnUnigram(
  counts: ReadonlyMap<string, number>,
  size: number,
  options: Pick<UnigramOptions, 'vocabularySize' | 'shrinkingFactor' | 'subIterations' | 'maxPieceLength'>,
  turns: Turns,
  onRounds: (done: number, total: number) => void,
): Promise<LearnedUnigram> {
  const characters = new Set(Array.from(counts.keys(), (word) => [...word]).flat());
  if (characters.size > size) {
    const accepted = `at least ${characters.size + options.vocabularySize - size}: all characters of the text and the special tokens`;
    const { vocabularySize: value } = options;
    throw new StudioError('tokenizer-options', `vocabularySize is ${value}; accepted: ${accepted}`, {
      field: 'vocabularySize',
      value,
      accepted,
    });
  }
  const seeds = await seedPieces(counts, options.maxPieceLength, turns);
  const learner = new Learner(counts, seeds.pieces, seeds.scores, turns);
  // The unknown piece, which has no entry here, counts as one.
  const wanted = Math.floor((options.vocabularySize * 11) / 10);
  const rounds = Math.max(0, Math.ceil(Math.log(wanted / (seeds.pieces.length + 1)) / Math.log(options.shrinkingFactor))) + 1;
  for (let round = 1; ; round++) {
    for (let time = 0; time < options.subIterations; time++) await learner.maximise();
    onRounds(Math.min(round, rounds), rounds);
    if (learner.active.length + 1 <= wanted) break;
    const before = learner.active.length;
    await learner.prune(Math.max(wanted, Math.floor((before + 1) * options.shrinkingFactor)) - 1);
    // Nothing more can be pruned: each remaining piece is a character or has no other segmentation.
    if (learner.active.length >= before) break;
  }
  onRounds(rounds, rounds);
  return { pieces: finish(learner, characters, size), alphabet: characters.size };
}

class Learner {
  /** Ids of the pieces that are left, in the order that pruning gave them. */
  active: number[];
  private readonly lattice: Lattice;

  constructor(
    private readonly counts: ReadonlyMap<string, number>,
    readonly strings: readonly string[],
    readonly scores: Float64Array,
    private readonly turns: Turns,
  ) {
    this.active = Array.from(strings.keys());
    this.lattice = new Lattice(strings, scores);
    this.lattice.rebuild(this.active);
    this.lattice.rescore(this.active);
  }

  /** One iteration of expectation–maximisation; pieces with a low expected count are dropped. */
  async maximise(): Promise<void> {
    const expected = new Float64Array(this.strings.length);
    for (const [word, count] of this.counts) {
      this.lattice.addExpected(word, count, expected);
      if (this.turns.due()) await this.turns.take();
    }
    const kept = this.active.filter((id) => expected[id]! >= LEAST_EXPECTED);
    const logSum = digamma(kept.reduce((sum, id) => sum + expected[id]!, 0));
    for (const id of this.active) this.scores[id] = expected[id]! >= LEAST_EXPECTED ? digamma(expected[id]!) - logSum : NaN;
    this.active = kept;
    this.lattice.rescore(kept);
  }

  /** Keeps about `size` pieces: those with no other segmentation, and those whose removal would lower the likelihood most. */
  async prune(size: number): Promise<void> {
    const { strings, scores, lattice } = this;
    const frequency = new Float64Array(strings.length);
    let unknown = 0;
    let words = 0;
    for (const [word, count] of this.counts) {
      words += count;
      lattice.best(word, (id) => {
        if (id === UNKNOWN) unknown += count;
        else frequency[id]! += count;
      });
      if (this.turns.due()) await this.turns.take();
    }
    const sum = frequency.reduce((total, value) => total + value, unknown);
    const logSum = Math.log(sum);
    const kept: number[] = [];
    const candidates: { id: number; loss: number }[] = [];
    for (const id of this.active) {
      if (this.turns.due()) await this.turns.take();
      const alternative = lattice.alternative(strings[id]!, scores[id]!);
      const own = frequency[id]!;
      if (alternative === 'none') kept.push(id);
      else if (own === 0) continue;
      else if (alternative === 'better') kept.push(id);
      else {
        // SentencePiece adds the pieces of this alternative less one; `tokenizers` all pieces, which makes frequent ones dearer.
        const logSumWithout = Math.log(sum + own * this.active.length);
        let logAlternative = 0;
        for (const other of alternative)
          logAlternative += Math.log((other === UNKNOWN ? unknown : frequency[other]!) + own) - logSumWithout;
        candidates.push({ id, loss: (own / words) * (Math.log(own) - logSum - logAlternative) });
      }
    }
    candidates.sort((a, b) => b.loss - a.loss);
    this.active =
      kept.length > size
        ? [...kept, ...candidates.map(({ id }) => id)]
        : [...kept, ...candidates.slice(0, size - kept.length).map(({ id }) => id)];
    const left = new Set(this.active);
    scores.forEach((_, id) => {
      if (!left.has(id)) scores[id] = NaN;
    });
    lattice.rebuild(this.active);
    lattice.rescore(this.active);
  }
}

/** Every character of the text keeps a piece; the others follow as pruning ordered them, until there are `size`. */
function finish({ active, strings, scores }: Learner, characters: ReadonlySet<string>, size: number): [string, number][] {
  const known = new Map(active.map((id) => [strings[id]!, scores[id]!]));
  const least = active.reduce((lowest, id) => Math.min(lowest, scores[id]!), Infinity);
  let penalty = 0;
  const pieces: [string, number][] = [];
  for (const character of [...characters].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)) {
    const score = known.get(character);
    pieces.push([character, score ?? least + penalty]);
    if (score === undefined) penalty += CHARACTER_STEP;
  }
  for (const id of active) {
    if (pieces.length >= size) break;
    if (!characters.has(strings[id]!)) pieces.push([strings[id]!, scores[id]!]);
  }
  return pieces.sort(([, a], [, b]) => b - a);
}

/** ψ(x), the derivative of ln Γ, by its asymptotic series. */
function digamma(x: number): number {
  let value = 0;
  let at = x;
  while (at < 7) value -= 1 / at++;
  at -= 0.5;
  const inverse = 1 / (at * at);
  const square = inverse * inverse;
  return value + Math.log(at) + inverse / 24 - (7 / 960) * square + (31 / 8064) * square * inverse - (127 / 30720) * square * square;
}
