import { expose } from './expose';
import { libraryApi } from './library/api';

expose(libraryApi);
