export * from './mailbox.decider';
export * from './mailbox.events';
export * from './mailbox.evolver';
export { mailboxSnapshot, snapshotIsDue, snapshotSetOf } from './mailbox.snapshot';
export * from './mailbox.state';
