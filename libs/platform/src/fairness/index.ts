export { FairGate, GateRefusal, type FairGateOptions } from './fair-gate';
