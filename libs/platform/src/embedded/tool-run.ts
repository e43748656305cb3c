import { spawn } from 'node:child_process';

export interface ToolRun {
  /** Exit code; `undefined` when the tool could not be started or was ended at its time limit. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** The last line that says something, for messages. */
  readonly lastWords: string;
}

export interface ToolRunOptions {
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly onOutput?: (line: string) => void;
}

/** Runs a foreign tool to its end. Never throws: what went wrong is in the answer, ready to be shown. */
export function runTool(command: string, args: readonly string[], options: ToolRunOptions): Promise<ToolRun> {
  return new Promise((resolve) => {
    const stdout: string[] = [];
    let lastWords = '';
    let timedOut = false;
    const tool = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: options.env ?? process.env });
    const limit = setTimeout(() => {
      timedOut = true;
      tool.kill('SIGKILL');
    }, options.timeoutMs);
    const listen = (chunk: string): void => {
      for (const line of chunk.split(/[\r\n]+/)) {
        if (line.trim() === '') continue;
        lastWords = line.trim();
        options.onOutput?.(lastWords);
      }
    };
    tool.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout.push(chunk);
      listen(chunk);
    });
    tool.stderr.setEncoding('utf8').on('data', listen);
    tool.once('error', (error) => {
      clearTimeout(limit);
      resolve({ code: undefined, stdout: '', lastWords: error.message });
    });
    tool.once('close', (code) => {
      clearTimeout(limit);
      const words = timedOut ? `took longer than ${String(options.timeoutMs / 1000)} s` : lastWords;
      resolve({ code: timedOut ? undefined : (code ?? undefined), stdout: stdout.join(''), lastWords: words });
    });
  });
}
