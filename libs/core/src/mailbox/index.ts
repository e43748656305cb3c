export * from './mailbox.events';
export * from './mailbox.state';
