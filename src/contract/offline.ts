/** Between the build (tools/offline.mjs), the service worker and the pages that it serves. */

/** What the service worker is built with. */
export interface OfflineBuild {
  /** Hash over all files. */
  version: string;
  /** Kept from the first visit on: path below the studio's root, and a hash of the content where the name has none. */
  files: { url: string; revision: string | null }[];
  /** Pattern of the paths of those that are kept once they were used. */
  onUse: string;
  headers: {
    isolation: Record<string, string>;
    /** Beside the policy. */
    plain: Record<string, string>;
    /** Policy of all but scripts. */
    page: string;
    /** Policies by patterns of paths, the first that fits. */
    scripts: { path: string; policy: string }[];
  };
}

/** What a page says to its service worker; the answer, a boolean, comes on the message's port. */
export type OfflineMessage =
  /** A page is there: true once all files are kept. */
  | { type: 'started' }
  /** From a page whose entry is `script`: true when this version, which waits, has the same scripts and so takes over at once. */
  | { type: 'take-over-same'; script: string }
  /** From a person who wants this version now. */
  | { type: 'take-over' };
