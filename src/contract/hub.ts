import type { DatasetConfig } from '../core/corpus/dataset-files';
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

/** What a data set's repository holds, by config and split. */
export interface HubDataset {
  /** The commit that the revision names now; null where the host does not tell. */
  commit: string | null;
  /** As its card says it; null where it says none. */
  licence: string | null;
  /** Who reads it must have agreed to conditions on the host's pages. */
  gated: boolean;
  /** The files as they were uploaded, and the Hub's conversion of them to parquet; those that there are. */
  layouts: { of: 'uploaded' | 'converted'; revision: string; configs: DatasetConfig[] }[];
  /** Files of the repository that are of no kind that can be read, its descriptions included. */
  others: number;
}

/** Bytes `from` (included) to `to` (excluded) of a file of the data set that `serve` named. */
export interface HubRanges {
  range(path: string, from: number, to: number): Promise<ArrayBuffer>;
}

/** The only worker that may reach another origin; nothing is asked of it before the person has said yes to the host. */
export interface HubApi {
  /** The files of a model that the studio needs. Throws `hub-*`, `file-missing`. */
  list(source: HubSource): Promise<HubFile[]>;
  /** Downloads into storage, in bytes; resolves with the id under which `LibraryApi.importDownload` finds it. */
  download(source: HubSource, files: HubFile[], onProgress: OnProgress): Promise<string>;
  /** Takes a download away, after its import or instead of it. */
  discard(id: string): Promise<void>;
  /** What a data set's repository holds. Throws `hub-*`. */
  dataset(source: HubSource): Promise<HubDataset>;
  /** Answers `HubRanges` on the port until the next call, or until it is cancelled: the corpus worker reads there. */
  serve(source: HubSource, port: MessagePort): Promise<void>;
  /** Answers `LogRanges` (contract/follow.ts) for the file at an address and those beside it, as long as the port is open. Throws `hub-source`. */
  serveLog(address: string, port: MessagePort): Promise<void>;
  /** A text of at most so many characters at an address: a lesson. Throws `hub-*`, `file-too-large`. */
  text(address: string, most: number): Promise<string>;
  cancel(): Promise<void>;
}
