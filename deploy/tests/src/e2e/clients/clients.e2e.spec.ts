import { clientScenarios } from './clients.suite';
import { JAVASCRIPT_0_2, JAVASCRIPT_1_2 } from './js-client-app';
import { pythonClient } from './python-client-app';

/* The newest client in JavaScript has the conformance suite, on both. The others on five processes: clients.full.e2e.spec.ts. */
clientScenarios('one', [JAVASCRIPT_1_2, JAVASCRIPT_0_2, pythonClient()]);
