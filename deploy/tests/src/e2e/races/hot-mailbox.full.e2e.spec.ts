import { describeHotMailbox } from './hot-mailbox';

describeHotMailbox({ topology: 'one', waiters: 100_000, victim: 'engine', limitMs: 900_000 });
describeHotMailbox({ topology: 'five', waiters: 100_000, victim: 'run-state', limitMs: 900_000 });
