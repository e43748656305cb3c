export { describeBusContract } from './bus.contract';
export { aDelivery, type BusWorld, type MakeBusWorld, type WorldOptions } from './bus-world';
export { until } from './until';
