import type { InsertOutcome, LogDocument, LogDriver } from '../log/log-driver';

export type InsertScript = (
  documents: readonly LogDocument[],
  insert: (documents: readonly LogDocument[]) => Promise<InsertOutcome>,
) => Promise<InsertOutcome>;

/** A driver whose next inserts go as the test says, and which remembers all of them. Without a script it is the one inside. */
export class ScriptedLogDriver implements LogDriver {
  /** What was handed over, insert by insert. */
  readonly inserts: (readonly LogDocument[])[] = [];
  private readonly scripts: InsertScript[] = [];

  constructor(private readonly inside: LogDriver) {}

  /** For the next insert that has no script yet. */
  script(script: InsertScript): void {
    this.scripts.push(script);
  }

  insertMany(documents: readonly LogDocument[]): Promise<InsertOutcome> {
    this.inserts.push(documents);
    const insert = (some: readonly LogDocument[]): Promise<InsertOutcome> => this.inside.insertMany(some);
    return this.scripts.shift()?.(documents, insert) ?? insert(documents);
  }

  readonly lastEntry: LogDriver['lastEntry'] = (partition) => this.inside.lastEntry(partition);
  readonly lastClaim: LogDriver['lastClaim'] = (partition) => this.inside.lastClaim(partition);
  readonly stream: LogDriver['stream'] = (...range) => this.inside.stream(...range);
  readonly lastOfType: LogDriver['lastOfType'] = (...place) => this.inside.lastOfType(...place);
  readonly positionsAfter: LogDriver['positionsAfter'] = (...range) => this.inside.positionsAfter(...range);
  readonly streamsAt: LogDriver['streamsAt'] = (...places) => this.inside.streamsAt(...places);
  readonly readCheckpoint: LogDriver['readCheckpoint'] = (partition) => this.inside.readCheckpoint(partition);
  readonly writeCheckpoint: LogDriver['writeCheckpoint'] = (...checkpoint) =>
    this.inside.writeCheckpoint(...checkpoint);
}

/** The insert happens, its answer is lost: an unknown outcome that was a success. */
export const answerLost: InsertScript = async (documents, insert) => {
  await insert(documents);
  throw new Error('connection reset after the insert');
};

/** The insert is lost on the way. */
export const requestLost: InsertScript = () => Promise.reject(new Error('connection reset before the insert'));

/** The insert is answered when the test opens the gate. */
export function held(): { script: InsertScript; arrived: Promise<void>; open: () => void } {
  const arrived = deferred();
  const gate = deferred();
  return {
    script: async (documents, insert) => {
      arrived.resolve();
      await gate.promise;
      return insert(documents);
    },
    arrived: arrived.promise,
    open: gate.resolve,
  };
}

/** The asker is told "unknown" at once; the insert itself arrives when the test says so, as from a dead writer's socket. */
export function late(): { script: InsertScript; arrive: () => Promise<InsertOutcome> } {
  let arrive: () => Promise<InsertOutcome> = () => Promise.reject(new Error('nothing was sent'));
  return {
    script: (documents, insert) => {
      arrive = () => insert(documents);
      return Promise.reject(new Error('no answer'));
    },
    arrive: () => arrive(),
  };
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolver) => {
    resolve = resolver;
  });
  return { promise, resolve };
}
