import type { EmbeddedServer } from './embedded-server';
import { keepRunning, type ServerEvent } from './keep-running';
import type { ProcessExit } from './supervised-process';

/** A server that lives until it is told to die. */
function pretendServer(pid: number, port: number): EmbeddedServer {
  let exit: (exit: ProcessExit) => void = () => undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    exit = resolve;
  });
  return {
    pid,
    port,
    supervisorPid: 0,
    logFile: 'server.log',
    exited,
    kill: (signal = 'SIGKILL') => {
      exit({ code: null, signal, requested: false });
    },
    stop: () => {
      exit({ code: 0, signal: null, requested: true });
      return exited;
    },
  };
}

describe('a server that is kept running', () => {
  const setUp = async (failures = 0) => {
    const ports: (number | undefined)[] = [];
    const events: ServerEvent[] = [];
    const waiting: { event: ServerEvent['event']; resolve: () => void }[] = [];
    let pid = 0;
    const kept = await keepRunning({
      start: async (port) => {
        await Promise.resolve();
        ports.push(port);
        if (ports.length > 1 && ports.length <= 1 + failures) throw new Error('port is taken');
        return pretendServer(++pid, port ?? 4222);
      },
      onEvent: (event) => {
        events.push(event);
        for (const one of waiting) if (one.event === event.event) one.resolve();
      },
      firstDelayMs: 1,
      longestDelayMs: 3,
    });
    const until = (event: ServerEvent['event']) =>
      new Promise<void>((resolve) => {
        waiting.push({ event, resolve });
      });
    return { kept, ports, events, until };
  };

  it('is started again on its port when it dies', async () => {
    const { kept, ports, events, until } = await setUp();
    const restarted = until('restarted');
    kept.current.kill();
    await restarted;
    expect(kept.current.pid).toBe(2);
    expect(ports).toEqual([undefined, 4222]);
    expect(events).toEqual([
      {
        event: 'died',
        pid: 1,
        exit: { code: null, signal: 'SIGKILL', requested: false },
        logFile: 'server.log',
      },
      { event: 'restarting', attempt: 1, delayMs: 1 },
      { event: 'restarted', pid: 2, port: 4222 },
    ]);
    await kept.stop();
  });

  it('is tried again with longer and longer pauses, up to a limit (rule 2)', async () => {
    const { kept, events, until } = await setUp(3);
    const restarted = until('restarted');
    kept.current.kill();
    await restarted;
    const pauses = events.flatMap((event) => (event.event === 'restarting' ? [event.delayMs] : []));
    expect(pauses).toEqual([1, 2, 3, 3]);
    await kept.stop();
  });

  it('is not started again after stop (rule 3)', async () => {
    const { kept, ports, events } = await setUp();
    await kept.stop();
    expect(ports).toEqual([undefined]);
    expect(events).toEqual([]);
  });

  it('is not left behind when stop comes while it starts again (rule 3)', async () => {
    const { kept, events, until } = await setUp();
    const restarting = until('restarting');
    kept.current.kill();
    await restarting;
    await kept.stop();
    expect(events.map(({ event }) => event)).toEqual(['died', 'restarting']);
  });

  it('does not hide that the first start failed (rule 1)', async () => {
    await expect(keepRunning({ start: () => Promise.reject(new Error('no binary')) })).rejects.toThrow('no binary');
  });
});
