/** Loads what make_fixtures.py wrote, in the browser that runs the tests. */
import { readSafetensors } from '../../workers/engine/checkpoint/safetensors';
import type { Batch } from '../../workers/engine/model/loss';

const addresses = import.meta.glob<string>('./fixtures/**/*', { query: '?url', import: 'default', eager: true });

async function fetchFixture(path: string): Promise<Response> {
  const address = addresses[`./fixtures/${path}`];
  if (!address) throw new Error(`There is no fixture ${path}: run e2e/parity/make_fixtures.py`);
  return fetch(address);
}

export async function fixtureBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetchFixture(path)).arrayBuffer());
}

export async function fixtureText(path: string): Promise<string> {
  return (await fetchFixture(path)).text();
}

export async function fixtureJson<T>(path: string): Promise<T> {
  return (await (await fetchFixture(path)).json()) as T;
}

/** Tensor name → values. */
export async function fixtureTensors(path: string): Promise<Map<string, Float32Array>> {
  const { tensors } = readSafetensors(path, await fixtureBytes(path));
  return new Map([...tensors].map(([name, tensor]) => [name, tensor.read()]));
}

/** The files of a tiny model, as `loadModel` takes them. */
export async function tinyModelFiles(name: string) {
  return {
    config: { name: 'config.json', text: await fixtureText(`${name}/config.json`) },
    weights: [{ name: 'model.safetensors', bytes: await fixtureBytes(`${name}/model.safetensors`) }],
  };
}

/** A batch whose rows are all of one channel. */
export function batchOf({ rows, context, ids, targets }: { rows: number; context: number; ids: number[]; targets: number[] }): Batch {
  return { rows, context, ids: Int32Array.from(ids), targets: Int32Array.from(targets), channels: new Int32Array(rows) };
}
