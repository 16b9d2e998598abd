import { expose } from './rpc/expose';
import { trainerApi } from './train/api';

expose(trainerApi);
