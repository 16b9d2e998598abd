/**
 * A worker's API as the page sees it. Comlink alone leaves a call pending for ever when its worker dies; here every call
 * settles: a crash, an unreadable message or a termination rejects all calls in flight with `worker-crashed`, and the next
 * call starts a fresh worker. Functions among the arguments are proxied, so callers pass plain callbacks; ports are handed over.
 */
import { proxy, transfer, transferHandlers, wrap } from 'comlink';
import { crossErrors, StudioError } from '../core/errors';

crossErrors(transferHandlers);

type AsyncMethods<Api> = { [Name in keyof Api]: (...args: never[]) => Promise<unknown> };
type RemoteMethods = Record<string, (...args: unknown[]) => Promise<unknown>>;
type CrashListener = (error: StudioError) => void;

export interface WorkerClient<Api> {
  /** Every method of the worker's API; the worker starts with the first call. */
  readonly api: Api;
  /** Told of every crash, also when no call was in flight. Returns the unsubscriber. */
  onCrash(listener: CrashListener): () => void;
  /** Ends the worker; calls in flight reject with `cancelled`. The next call starts a new one. */
  terminate(): void;
}

interface Session {
  worker: Worker;
  remote: RemoteMethods;
  pending: Set<(error: StudioError) => void>;
}

/**
 * @param name shown to a person when the worker crashes
 * @param create makes the module Worker; called again after a crash
 */
export function createWorkerClient<Api extends AsyncMethods<Api>>(name: string, create: () => Worker): WorkerClient<Api> {
  const crashListeners = new Set<CrashListener>();
  let session: Session | null = null;

  function end(ended: Session, error: StudioError): void {
    if (session === ended) session = null;
    ended.worker.terminate();
    for (const reject of ended.pending) reject(error);
    ended.pending.clear();
  }

  function crash(crashed: Session, detail: string): void {
    if (session !== crashed) return;
    const error = new StudioError('worker-crashed', `The ${name} worker crashed: ${detail}`, { worker: name, detail });
    end(crashed, error);
    for (const listener of crashListeners) listener(error);
  }

  function begin(): Session {
    const worker = create();
    const begun: Session = { worker, remote: wrap(worker) as unknown as RemoteMethods, pending: new Set() };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      crash(begun, event.message || 'the script could not be loaded');
    });
    worker.addEventListener('messageerror', () => crash(begun, 'a message could not be read'));
    return begun;
  }

  function call(method: string, args: unknown[]): Promise<unknown> {
    session ??= begin();
    const { remote, pending } = session;
    return new Promise((resolve, reject) => {
      pending.add(reject);
      const sent = args.map((argument) =>
        typeof argument === 'function'
          ? proxy((...values: unknown[]) => (argument as (...values: unknown[]) => unknown)(...values))
          : argument instanceof MessagePort
            ? transfer(argument, [argument])
            : argument,
      );
      remote[method]!(...sent)
        .then(resolve, reject)
        .finally(() => pending.delete(reject));
    });
  }

  const api = new Proxy(Object.create(null) as object, {
    // `then` must stay undefined, else an `await` of the api would look like a call.
    get: (_target, method) => (typeof method === 'string' && method !== 'then' ? (...args: unknown[]) => call(method, args) : undefined),
  }) as Api;

  return {
    api,
    onCrash(listener) {
      crashListeners.add(listener);
      return () => crashListeners.delete(listener);
    },
    terminate() {
      if (session) end(session, new StudioError('cancelled', `The ${name} worker was ended`));
    },
  };
}
