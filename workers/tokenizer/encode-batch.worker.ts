import { expose } from '../rpc/expose';
import { encodeMember } from './encode-member';

expose(encodeMember());
