/** Logs of training elsewhere that are followed while they are written: what a person gives, how it stands, what the control file is asked for. */
import type { ErrorRecord } from '../core/errors';
import type { RunMessage } from '../core/run/feed';
import type { LiveSettings } from '../core/run/types';

/** Where a log is: a file or a folder by its handle, which is kept so that a reload can go on, or an address. */
export type FollowPlace = { handle: FileSystemFileHandle | FileSystemDirectoryHandle } | { address: string };

/** A part of a file that grows. */
export interface LogPiece {
  /** Byte of the file at which it begins. */
  from: number;
  bytes: ArrayBuffer;
  /** The file goes on behind it. */
  more: boolean;
  /** The file ends before the byte that was asked for. */
  shorter?: boolean;
  /** The host gives no parts: this is all of it. */
  whole?: boolean;
  /** It is as it was; nothing was fetched. */
  unchanged?: boolean;
}

/** Files beside one at an address that the person agreed to. */
export interface LogRanges {
  /** Bytes from `from` on; null where there is no such file. Throws `log-unreachable`, `hub-*`, `file-too-large`. */
  read(file: string, from: number): Promise<LogPiece | null>;
}

/**
 * Whether settings of a followed run can be changed: `takes`: by its control file; `ask`: once the person allows to write into the folder;
 * `address`, `file`: there is no folder to write into; `log`: it is not trained by the studio's script.
 */
export type ControlState = 'takes' | 'ask' | 'address' | 'file' | 'log';

/** What a control file asks for; settings in part. */
export interface ControlWish {
  settings: Partial<LiveSettings>;
  /** A checkpoint; the run's end, with one. */
  save?: boolean;
  stop?: boolean;
}

export interface FollowStatus {
  run: string;
  /** `lost`: it cannot be read now and is tried again; `ended`: the log says so; `left`: it is not followed any more. */
  state: 'live' | 'lost' | 'ended' | 'left';
  /** The file that is read, or the folder of event files. */
  file: string;
  /** Bytes read in this session. */
  bytes: number;
  /** Epoch milliseconds of the last look, and of the last one that found something. */
  lookedAt: number;
  newsAt: number;
  error: ErrorRecord | null;
  /** The host gives no parts: the whole file is fetched where it has changed. */
  whole: boolean;
  badLines: number;
  control: ControlState;
  /** Written and not taken yet. */
  waiting: ControlWish | null;
  /** What became of the last control file: taken before that step, or refused with a sentence. */
  answer: { step: number; refused: string | null } | null;
}

export interface FollowedRuns {
  /** Told of every change of every log that this tab follows; one listener. */
  watchFollows(listener: (status: FollowStatus) => void): Promise<void>;
  /**
   * Follows a log and keeps it as a run, a new one or a former one that goes on; resolves with its id once it was read.
   * @param port `LogRanges` of an address. Throws `tracker-unknown`, `tracker-damaged`, `run-locked`, `run-missing`, `quota`
   */
  follow(place: FollowPlace, run: string | null, port: MessagePort | null): Promise<string>;
  /** Null where the run is none that was followed. */
  followPlace(run: string): Promise<FollowPlace | null>;
  /** The run so far in one message, then increments; one listener a run. Throws `run-locked` where this tab does not follow it. */
  listenFollowed(run: string, listener: (message: RunMessage) => void): Promise<void>;
  /** Writes control.json for the script that trains. Throws `recipe-invalid`, `folder-refused` */
  control(run: string, wish: ControlWish): Promise<void>;
  /** The person has allowed, or refused, to write into the folder. */
  recheckControl(run: string): Promise<void>;
  leave(run: string): Promise<void>;
}
