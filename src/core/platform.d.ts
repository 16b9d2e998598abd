/**
 * What browsers, workers and Node all have and the language itself lacks. src/core is compiled without `dom` and `webworker`,
 * so anything else it reaches for is an error; this file belongs to that one compilation (tsconfig.core.json).
 */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}
declare class URL {
  constructor(url: string, base?: string);
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly origin: string;
  readonly host: string;
  readonly hostname: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}
declare function btoa(binary: string): string;
declare function atob(base64: string): string;
declare function structuredClone<T>(value: T): T;
/** What postMessage can hand over; of its kinds the core only ever holds buffers. */
declare type Transferable = ArrayBuffer;
/** A file's text, put in by the bundler. */
declare module '*?raw' {
  const text: string;
  export default text;
}
