import { describeHotMailbox } from './hot-mailbox';

describeHotMailbox({ topology: 'one', waiters: 100_000, limitMs: 1_800_000 });
describeHotMailbox({ topology: 'one', waiters: 10_000, victim: 'engine', limitMs: 600_000 });
describeHotMailbox({ topology: 'five', waiters: 10_000, victim: 'run-state', limitMs: 600_000 });
