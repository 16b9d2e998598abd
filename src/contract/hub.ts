import type { OnProgress } from './progress';
// ---------------------------------------------------------------- the Hugging Face Hub or a mirror
export interface HubSource {
  /** Origin of the Hub or a mirror: "https://huggingface.co". */
  address: string;
  /** "owner/name" */
  repository: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Sent to the address's own origin only, and never stored. */
  token: string | null;
}

export interface HubFile {
  path: string;
  bytes: number;
}

/** The only worker that may reach another origin; nothing is asked of it before the person has said yes to the host. */
export interface HubApi {
  /** The files of a model that the studio needs. Throws `hub-*`, `file-missing`. */
  list(source: HubSource): Promise<HubFile[]>;
  /** Downloads into storage, in bytes; resolves with the id under which `LibraryApi.importDownload` finds it. */
  download(source: HubSource, files: HubFile[], onProgress: OnProgress): Promise<string>;
  /** Takes a download away, after its import or instead of it. */
  discard(id: string): Promise<void>;
  cancel(): Promise<void>;
}
