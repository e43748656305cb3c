export { DEV_TOKEN, startGateway, type GatewayUnderTest } from './gateway-under-test';
export { CREATED_AT, type RecordedAsk } from './scripted.bus';
