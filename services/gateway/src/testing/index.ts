export { FreshIds } from '../asking/fresh-ids';
export { ApiReference, type Answer, type DescribedOperation, type Parameter } from './api-reference';
export { assembleDesks, type GatewayDesks } from './gateway-desks';
export { DEV_TOKEN, startGateway, type GatewayUnderTest, type ServedRoute } from './gateway-under-test';
export { deadLetter, loggedRun, pendingMessage } from './owners-json';
export type { ItemOutcome } from '../submissions/submission.desk';
export { CREATED_AT, type RecordedAsk } from './scripted.bus';
