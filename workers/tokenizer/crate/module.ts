/**
 * Hugging Face's `tokenizers`, the Rust crate as wasm (tools/build-tokenizers.mjs). It is compiled once and started as often as there are
 * tokenizers: the crate aborts on what it refuses, and an instance that has aborted is of no more use.
 */
import type { EmscriptenModule } from './build/tokenizers.mjs';
import wasmFile from './build/tokenizers.wasm?url';

export type CrateModule = EmscriptenModule;

let compiled: Promise<WebAssembly.Module> | null = null;

/** For threads that cannot fetch (tests in Node). */
export function useCrateWasm(bytes: BufferSource): void {
  compiled = WebAssembly.compile(bytes);
}

/** @param onMessage what the crate writes, of which the reason for an abort is a part; @throws where the wasm cannot be had */
export async function startCrate(onMessage: (line: string) => void): Promise<CrateModule> {
  compiled ??= compile();
  compiled.catch(() => (compiled = null));
  const [wasm, { default: start }] = await Promise.all([compiled, import('./build/tokenizers.mjs')]);
  return start({
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(wasm, imports);
      receive(instance);
      return instance.exports;
    },
    print: onMessage,
    printErr: onMessage,
  });
}

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(wasmFile);
  if (!response.ok) throw new Error(`${wasmFile}: ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
