import { type Ended, Journal } from '../work/journal';
import type { AppMessage, AppQuestion, AppSettings } from './app-process';
import { engineNamed } from './index';

/* The process that an AppProcess starts: the engine's app and its journal. Ends with whoever started it. */

const tell = (message: AppMessage): void => {
  process.send?.(message);
};

/** Those of one turn of the event loop go in one message: a message for each would cost as much as a step. */
let ended: Ended[] = [];
const journal = new Journal((run) => {
  if (ended.length === 0)
    setImmediate(() => {
      tell({ kind: 'ended', runs: ended });
      ended = [];
    });
  ended.push(run);
});

const answers: Readonly<Record<AppQuestion, () => AppMessage>> = {
  openWindow: () => {
    journal.openWindow();
    return { kind: 'openWindow' };
  },
  window: () => ({ kind: 'window', window: journal.window }),
  totals: () => ({ kind: 'totals', totals: journal.totals }),
};

process.on('message', (question: AppQuestion) => {
  tell(answers[question]());
});
process.on('disconnect', () => process.exit());

async function main([kind = '', settings = '{}']: readonly string[]): Promise<void> {
  const url = await engineNamed(kind).serve(journal, JSON.parse(settings) as AppSettings);
  tell({ kind: 'listening', url });
}

void main(process.argv.slice(2));
