import { expose } from './expose';
import { trainerApi } from './trainer/api';

expose(trainerApi);
