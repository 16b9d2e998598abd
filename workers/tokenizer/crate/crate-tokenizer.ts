/** Tokenizers that the crate has read, in one instance of it. */
import { StudioError } from '../../../src/core/errors';
import { startCrate, type CrateModule } from './module';

const utf8 = new TextEncoder();

/** An instance of the crate. What it refuses ends it: then every call says why. */
export class Crate {
  private readonly messages: string[] = [];
  private module!: CrateModule;
  private ended: StudioError | null = null;

  static async start(): Promise<Crate> {
    const crate = new Crate();
    crate.module = await startCrate((line) => {
      if (crate.messages.push(line) > 20) crate.messages.shift();
    });
    return crate;
  }

  /** @throws StudioError `tokenizer-invalid` */
  open(json: string): CrateTokenizer {
    const handle = this.guarded(() => this.module.Tokenizer.FromBlobJSON(utf8.encode(json)));
    return {
      encode: (text) =>
        this.guarded(() => {
          const ids = handle.Encode(utf8.encode(text));
          try {
            return this.module.vecIntToView(ids).slice();
          } finally {
            ids.delete();
          }
        }),
      decode: (given) =>
        this.guarded(() => {
          const ids = this.module.vecIntFromJSArray(given);
          try {
            return handle.Decode(ids);
          } finally {
            ids.delete();
          }
        }),
    };
  }

  private guarded<T>(work: () => T): T {
    if (this.ended) throw this.ended;
    try {
      return work();
    } catch (error) {
      const said = reason(this.messages.join('\n')) ?? (error instanceof Error ? error.message : String(error));
      throw (this.ended = new StudioError('tokenizer-invalid', `tokenizer.json: ${said}`, { file: 'tokenizer.json', detail: said }));
    }
  }
}

/** Text without added tokens, and ids back to text. Lone surrogates are U+FFFD. */
export interface CrateTokenizer {
  encode(text: string): Int32Array;
  decode(ids: readonly number[]): string;
}

/** The words of an error in a Rust panic's message. */
function reason(messages: string): string | null {
  const failed = /`Err` value: (?:Error\()?"((?:[^"\\]|\\.)*)"/.exec(messages) ?? /`Err` value: ([^\n]*)/.exec(messages);
  if (failed) return failed[1]!.replaceAll('\\"', '"').slice(0, 300);
  return /panicked at [^\n]*\n([^\n]+)/.exec(messages)?.[1] ?? null;
}
