import { expose } from './expose';
import { hubApi } from './hub/api';

expose(hubApi);
