import type { EmbeddedMongod, EmbeddedNats } from '@stepwell/platform';
import type { FaultProxy } from '@stepwell/testing';
import { createFaultProxy } from '@stepwell/testing';
import type { SmallDisk } from './small-disk';

type Embedded = EmbeddedMongod | EmbeddedNats;

/** A server that can be killed, stalled, cut off and started again on its data and port. Its clients see it through its proxy. */
export class BrittleServer {
  private isGone = false;

  private constructor(
    private running: Embedded,
    private readonly launch: (port: number) => Promise<Embedded>,
    readonly proxy: FaultProxy,
    /** Its own; undefined where none could be mounted. */
    readonly disk: SmallDisk | undefined,
  ) {
    this.watch();
  }

  static async start(launch: (port: number) => Promise<Embedded>, disk: SmallDisk | undefined): Promise<BrittleServer> {
    const running = await launch(0);
    return new BrittleServer(running, launch, await createFaultProxy({ port: running.port }), disk);
  }

  get pid(): number {
    return this.running.pid;
  }

  /** Its own, past the proxy. */
  get port(): number {
    return this.running.port;
  }

  /** False once it has ended by itself, or by whomever. */
  get isRunning(): boolean {
    return !this.isGone;
  }

  async kill(): Promise<void> {
    this.running.kill('SIGKILL');
    await this.running.exited;
    this.isGone = true;
  }

  async start(): Promise<void> {
    this.running = await this.launch(this.running.port);
    this.watch();
  }

  async end(logsTo: string): Promise<void> {
    await this.proxy.close();
    await this.kill();
    await this.disk?.unmount(logsTo);
  }

  private watch(): void {
    const { running } = this;
    this.isGone = false;
    void running.exited.then(() => {
      if (this.running === running) this.isGone = true;
    });
  }
}
