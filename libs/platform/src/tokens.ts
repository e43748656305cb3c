/*
 * What every service module may have injected, whoever composes it: its own `main.ts` (five processes) or `standalone` (one).
 * Values: BUS `Bus`, CLOCK `Clock`, LOGGER pino's `Logger`, METRICS prom-client's `Registry`.
 */
export const BUS = Symbol('Bus');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');
