/** Probe sets that a person imported: each is one IndexedDB record with all its items. */
import { StudioError } from '../../src/core/errors';
import { parseProbes, type Probe, type ProbeReading } from '../../src/core/probes/probe';
import type { OwnProbeSet } from '../../src/contract/library';
import { putRecord, records } from './records';

export type StoredProbeSet = OwnProbeSet & { probes: Probe[] };

/** Bytes of a file: some 100,000 probes, and small enough for one record. */
const LARGEST = 16 * 2 ** 20;
/** Faulty lines that are kept with number and fault; further ones are only counted. */
const NAMED = 100;

export async function listProbeSets(): Promise<OwnProbeSet[]> {
  const stored = await (await records()).getAll('probes');
  return stored.map(({ probes: _probes, ...set }) => set).sort((a, b) => a.createdAt - b.createdAt);
}

/** @throws StudioError `file-missing` when there is no such set */
export async function readProbes(id: string): Promise<Probe[]> {
  const stored = await (await records()).get('probes', id);
  if (!stored) throw new StudioError('file-missing', `There is no probe set "${id}"`, { file: id, wanted: 'JSON Lines' });
  return stored.probes;
}

/**
 * Imports a JSON Lines file. A set without any usable line is returned with its faults but not stored.
 * @throws StudioError `file-too-large`, `file-unsupported`, `file-unreadable`, `quota`
 */
export async function takeInProbes(file: File, reading: ProbeReading = {}): Promise<OwnProbeSet> {
  if (file.size > LARGEST)
    throw new StudioError('file-too-large', `${file.name} has ${file.size} bytes; the limit is ${LARGEST}`, {
      file: file.name,
      bytes: file.size,
      limit: LARGEST,
    });
  const { probes, bad, offers } = parseProbes(await textOf(file), reading);
  const set: OwnProbeSet = {
    id: `p-${crypto.randomUUID()}`,
    name: file.name.replace(/\.(jsonl?|ndjson|txt)$/i, ''),
    createdAt: Date.now(),
    items: probes.length,
    badLines: bad.length,
    bad: bad.slice(0, NAMED),
    offers,
  };
  if (probes.length > 0) await putRecord('probes', { ...set, probes });
  return set;
}

export async function removeProbeSet(id: string): Promise<void> {
  await (await records()).delete('probes', id);
}

async function textOf(file: File): Promise<string> {
  let bytes: ArrayBuffer;
  try {
    bytes = await file.arrayBuffer();
  } catch (error) {
    throw new StudioError('file-unreadable', `${file.name} cannot be read`, { file: file.name, detail: String(error) });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new StudioError('file-unsupported', `${file.name} is not UTF-8`, { file: file.name, accepted: 'JSON Lines (UTF-8)' });
  }
}
