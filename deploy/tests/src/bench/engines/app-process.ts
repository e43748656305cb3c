import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Ended, Totals, Window } from '../work/journal';

/** What an engine tells its app, all of it text. */
export type AppSettings = Readonly<Record<string, string>>;

/** To the app's process, and from it. */
export type AppQuestion = 'openWindow' | 'window' | 'totals';
export type AppMessage =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'ended'; readonly runs: readonly Ended[] }
  | { readonly kind: 'openWindow' }
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'totals'; readonly totals: Totals };

type Told<Kind> = Extract<AppMessage, { readonly kind: Kind }>;

/** Compiled, also for whoever runs from source: Node alone can't run that. */
const APP = resolve(__dirname, '../../../dist/bench/engines/app.main.js');

/** The app of an engine's users, as a process of its own, so that its CPU time is told apart from ours and the engine's. */
export class AppProcess {
  url = '';
  private readonly waiting = new Map<string, (result: number) => void>();
  private readonly asked = new Map<AppMessage['kind'], (message: AppMessage) => void>();

  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
  ) {
    child.on('message', (message: AppMessage) => {
      this.take(message);
    });
  }

  /** @param kind name of the engine. @throws Error when it ends instead */
  static async start(kind: string, settings: AppSettings): Promise<AppProcess> {
    // What Jest or a debugger runs us with is not meant for it.
    const child = fork(APP, [kind, JSON.stringify(settings)], { execArgv: [] });
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('the app has no process');
    const app = new AppProcess(child, child.pid);
    const { url } = await app.told('listening');
    app.url = url;
    return app;
  }

  /** The run's result, once it has ended; to be asked for before it is started. */
  ended(id: string): Promise<number> {
    return new Promise((found) => this.waiting.set(id, found));
  }

  async openWindow(): Promise<void> {
    await this.ask('openWindow');
  }

  async window(): Promise<Window> {
    return (await this.ask('window')).window;
  }

  async totals(): Promise<Totals> {
    return (await this.ask('totals')).totals;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private async ask<Kind extends AppQuestion>(question: Kind): Promise<Told<Kind>> {
    if (!this.child.connected) throw new Error(`the app has ended and can't tell ${question}`);
    const answer = this.told(question);
    this.child.send(question);
    return answer;
  }

  private told<Kind extends AppMessage['kind']>(kind: Kind): Promise<Told<Kind>> {
    return new Promise((found, failed) => {
      const gone = (): void => {
        failed(new Error(`the app ended instead of telling ${kind}`));
      };
      this.child.once('exit', gone);
      this.asked.set(kind, (message) => {
        this.child.off('exit', gone);
        found(message as Told<Kind>);
      });
    });
  }

  private take(message: AppMessage): void {
    if (message.kind !== 'ended') {
      this.asked.get(message.kind)?.(message);
      return;
    }
    for (const { id, result } of message.runs) {
      this.waiting.get(id)?.(result);
      this.waiting.delete(id);
    }
  }
}
