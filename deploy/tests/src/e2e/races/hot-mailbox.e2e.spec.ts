import { describeHotMailbox } from './hot-mailbox';

describeHotMailbox({ topology: 'one', waiters: 2_000, victim: 'engine', limitMs: 120_000 });
