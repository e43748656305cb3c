export { ApiReference, type Answer, type DescribedOperation, type Parameter } from './api-reference';
export { DEV_TOKEN, startGateway, type GatewayUnderTest, type ServedRoute } from './gateway-under-test';
export { deadLetter, loggedRun, pendingMessage } from './owners-json';
export { CREATED_AT, type RecordedAsk } from './scripted.bus';
