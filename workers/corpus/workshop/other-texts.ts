/** Texts outside of a preparation's channels that its training rows must not overlap with: probe sets and held-out text. */
import { parseProbes, type Probe } from '../../../src/core/probes/probe';
import { z } from '../../../src/core/zod';
import type { PrepareRequest, PreparationRecord } from '../../../src/contract/corpus';
import { listCorpora, readDocuments } from '../../storage/corpora';
import { fetchManifest, fetchPublic } from '../../storage/public-files';

const manifestSchema = z.object({ sets: z.array(z.object({ file: z.string() })) });

/** What of a probe could be learnt by heart. */
function textsOf(probe: Probe): string[] {
  switch (probe.kind) {
    case 'choice':
      return probe.choices.map((choice) => probe.prompt + choice);
    case 'pair':
      return [probe.good, probe.bad];
    case 'reference':
      return [`${probe.prompt}\n${probe.reference}`];
  }
}

/** The bundled probe sets and those given. */
export async function probeTexts(
  given: PrepareRequest['probes'],
  signal: AbortSignal,
): Promise<{ texts: string[]; bad: PreparationRecord['badProbes'] }> {
  const texts: string[] = [];
  const bad: PreparationRecord['badProbes'] = [];
  const { sets } = manifestSchema.parse(await fetchManifest('probes/manifest.json'));
  const bundled = await Promise.all(
    sets.map(async ({ file }) => ({ name: file, content: await (await fetchPublic(`probes/${file}`, signal)).text() })),
  );
  for (const { name, content } of [...bundled, ...given]) {
    const parsed = parseProbes(content);
    for (const probe of parsed.probes) texts.push(...textsOf(probe));
    for (const line of parsed.bad) bad.push({ name, ...line });
  }
  return { texts, bad };
}

/** Held-out documents of the bundled corpora and of other channels: the desk may mix any of them. @param own corpora left out */
export async function otherHeldOut(own: ReadonlySet<string>, signal: AbortSignal): Promise<string[]> {
  const texts: string[] = [];
  for (const corpus of await listCorpora()) {
    if (own.has(corpus.id) || !(corpus.bundled || corpus.prepared)) continue;
    for (const document of await readDocuments(corpus, 'heldOut', undefined, signal)) texts.push(document);
  }
  return texts;
}
