/** What tools/build-tokenizers.mjs writes. */
declare module '*/build/tokenizers.mjs' {
  /** A vector of the wasm's own; to be deleted after use. */
  export interface Vector {
    delete(): void;
  }
  export interface Handle {
    Encode(text: Uint8Array): Vector;
    Decode(ids: Vector): string;
    GetVocabSize(): number;
    IdToToken(id: number): string;
    delete(): void;
  }
  export interface EmscriptenModule {
    Tokenizer: { FromBlobJSON(json: Uint8Array): Handle };
    vecIntToView(vector: Vector): Int32Array;
    vecIntFromJSArray(ids: readonly number[]): Vector;
  }
  export default function start(options: {
    instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void): WebAssembly.Exports;
    print(line: string): void;
    printErr(line: string): void;
  }): Promise<EmscriptenModule>;
}
