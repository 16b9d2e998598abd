/** The probe sets that come with the studio (public/probes): what they ask for, and their items when they are wanted. */
import * as z from 'zod/mini';
import { StudioError } from '../core/errors';
import { parseProbes, type Probe } from '../core/probes/probe';

const setSchema = z.object({
  id: z.string(),
  file: z.string(),
  language: z.string(),
  group: z.string(),
  items: z.number(),
  licence: z.string(),
  source: z.string(),
});
const manifestSchema = z.object({ sets: z.array(setSchema) });

export type ShippedProbeSet = z.infer<typeof setSchema>;

const folder = `${import.meta.env.BASE_URL}probes/`;
const read = new Map<string, Promise<string>>();

/** @throws StudioError `fetch-failed`; a later call tries again */
export async function shippedProbeSets(): Promise<ShippedProbeSet[]> {
  return manifestSchema.parse(JSON.parse(await textOf('manifest.json'))).sets;
}

/** @throws StudioError `fetch-failed`; a later call tries again */
export async function shippedProbes({ file }: ShippedProbeSet): Promise<Probe[]> {
  return parseProbes(await textOf(file)).probes;
}

function textOf(file: string): Promise<string> {
  const known = read.get(file);
  if (known) return known;
  const asked = fetchText(folder + file);
  read.set(file, asked);
  asked.catch(() => read.delete(file));
  return asked;
}

async function fetchText(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new StudioError('fetch-failed', `${url}: ${String(error)}`, { url, status: 0 });
  }
  if (!response.ok) throw new StudioError('fetch-failed', `${url}: ${response.status}`, { url, status: response.status });
  return response.text();
}
