import { describeHotMailbox } from './hot-mailbox';

describeHotMailbox({ topology: 'one', waiters: 10_000, victim: 'engine', limitMs: 300_000 });
