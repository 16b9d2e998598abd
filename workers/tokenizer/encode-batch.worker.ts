import { expose } from '../expose';
import { encodeMember } from './encode-member';

expose(encodeMember());
