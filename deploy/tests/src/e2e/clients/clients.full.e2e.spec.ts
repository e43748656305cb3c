import { clientScenarios } from './clients.suite';
import { JAVASCRIPT_0_2, JAVASCRIPT_1_2, JAVASCRIPT_1_3 } from './js-client-app';
import { pythonClient } from './python-client-app';

clientScenarios('five', [JAVASCRIPT_1_3, JAVASCRIPT_1_2, JAVASCRIPT_0_2, pythonClient()]);
