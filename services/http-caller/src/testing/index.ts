export { assembleHttpCaller, type HttpCallerParts } from '../http-caller.parts';
export type { OutboundRequest } from '../outbound/http-attempt';
export type { OutboundClient } from '../outbound/http.client';
export type { ExchangeEnd } from '../outbound/http.exchange';
export { unwatchedMetrics } from './unwatched-metrics';
