export { describeBusContract } from './bus.contract';
export { aDelivery, type BusWorld, type MakeBusWorld, type WorldOptions } from './bus-world';
export { until } from './until';

// What both drivers are made of, for who makes a third.
export { AskDesk } from '../driver/ask-desk';
export { WorkNotQueued } from '../driver/bus-driver';
export { askPatiently, type AskTime, type Try } from '../driver/patient-ask';
export { judgeWork, type WorkVerdict } from '../driver/work-verdict';
export { boundAskHandlers } from './bound-handlers';
