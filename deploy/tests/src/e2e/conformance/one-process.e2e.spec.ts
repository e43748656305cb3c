import { conformance } from './conformance';

conformance('one');
