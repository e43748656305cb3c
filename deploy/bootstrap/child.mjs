// Runs one preparing command as a child that never outlives its parent's signals.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A step of the preparation that ended badly: the message for the user and the code to exit with. */
export class ChildFailed extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs `node ...args` (or `command ...args`), with this process's terminal. A signal goes on to the child, and the
 * child's end decides: whoever was interrupted while preparing must not go on to start the program.
 *
 * @param {string[]} args
 * @param {{ cwd: string, onFailure: string, command?: string }} options
 * @returns {Promise<void>} rejects with ChildFailed
 */
export function runChild(args, { cwd, onFailure, command = process.execPath }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit' });
    let interruptedBy;
    const forward = (signal) => {
      interruptedBy = signal;
      child.kill(signal);
    };
    for (const signal of forwarded) process.on(signal, forward);
    const settle = (failure) => {
      for (const signal of forwarded) process.off(signal, forward);
      if (failure) reject(failure);
      else resolve();
    };
    child.once('error', (error) => settle(new ChildFailed(`${onFailure} (${error.message})`, 1)));
    child.once('close', (code, signal) => {
      const by = signal ?? interruptedBy;
      if (by) settle(new ChildFailed(`Stopped by ${by}.`, 128 + constants.signals[by]));
      else if (code === 0) settle();
      else settle(new ChildFailed(onFailure, code ?? 1));
    });
  });
}
