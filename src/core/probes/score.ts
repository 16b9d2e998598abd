import type { WrittenAnswer } from './written-answer';

/** What one model answered to one probe. Log-likelihoods are in nats. */
export type ProbeScore =
  | {
      kind: 'choice';
      /** Of each choice after the prompt. */
      likelihoods: number[];
      /** The same per UTF-8 byte of the choice: what decides (lm-evaluation-harness's `acc_norm`). */
      normalised: number[];
      right: boolean;
    }
  | { kind: 'pair'; good: number; bad: number; right: boolean }
  | {
      kind: 'reference';
      /** Of the reference after the prompt, and the same per UTF-8 byte of it. */
      likelihood: number;
      normalised: number;
      /** Absent where the model was not asked to write. */
      written?: WrittenAnswer;
    }
  /** The model cannot read it in one piece. */
  | { kind: 'too-long'; tokens: number; limit: number };
