/** The trainer worker: one engine, the current run on it, and evaluation beside the run. */
import type { TrainerApi } from '../src/contract/training';
import { evaluateApi } from './evaluate/api';
import { expose } from './rpc/expose';
import { engineApi, EngineSession } from './runtime/engine-session';
import { trainApi } from './train/api';

const session = new EngineSession();
const api: TrainerApi = { ...engineApi(session), ...trainApi(session), ...evaluateApi(session) };
expose(api);
