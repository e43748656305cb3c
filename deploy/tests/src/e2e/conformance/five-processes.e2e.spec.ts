import { conformance } from './conformance';

conformance('five');
