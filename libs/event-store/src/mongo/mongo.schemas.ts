import { type Connection, type IndexDefinition, type IndexOptions, type mongo, Schema } from 'mongoose';

/**
 * Collections and indexes of a store. Documents are written through the native collections (a third of the CPU, and nothing
 * rewrites what is given); the schemas say what they look like and make the indexes.
 */
const OPTIONS = {
  minimize: false,
  versionKey: false,
  strict: 'throw',
  strictQuery: 'throw',
  autoIndex: false,
  autoCreate: false,
} as const;

interface CollectionPlan {
  readonly collection: string;
  readonly fields: Record<string, unknown>;
  readonly indexes?: readonly (readonly [IndexDefinition, IndexOptions?])[];
}

const MIXED = Schema.Types.Mixed;

const BY_CREATION = { createdAt: -1, _id: -1 } as const;
const BY_FAILURE = { 'deadLetter.failedAt': -1, _id: -1 } as const;
const DEAD_LETTERS: IndexOptions = { partialFilterExpression: { 'deadLetter.failedAt': { $exists: true } } };

const PLANS = {
  /** L1. The unique index fences versions as `_id` fences positions; it also serves reading a stream and the last claim. */
  log: {
    collection: 'log',
    fields: {
      _id: Number,
      p: Number,
      stream: String,
      version: Number,
      at: Number,
      term: Number,
      events: [MIXED],
      sum: String,
    },
    indexes: [[{ p: 1, stream: 1, version: 1 }, { unique: true }]],
  },
  checkpoints: {
    collection: 'checkpoints',
    fields: { _id: Number, n: Number, holes: [Number], term: Number },
  },
  /** `_id` is `run/sha256/part`, a string: a sub-document as `_id` is matched by the order of its fields. */
  blobs: {
    collection: 'blobs',
    fields: { _id: String, run: String, parts: Number, bytes: Buffer, storedAt: Date },
    indexes: [[{ run: 1 }], [{ storedAt: 1 }]],
  },
  /** Rows, and the marks up to where they are complete (`_id: ~complete/<row version>/<partition>`, no createdAt). */
  runRows: {
    collection: 'run_rows',
    fields: {
      _id: String,
      partition: Number,
      version: Number,
      status: String,
      waitingFor: String,
      url: String,
      host: String,
      path: String,
      workflow: String,
      labels: [String],
      callerIp: String,
      flowControlKey: String,
      createdAt: Number,
      completedAt: Number,
      deadLetter: { dlqId: String, failedAt: Number, responseStatus: Number, failureState: String },
      completeUpTo: Number,
    },
    // Every filter that lists few of many runs finds them newest first; marks have no createdAt and are in none of them.
    // Those of dead letters hold nothing else: a run that doesn't fail pays for none of them.
    indexes: [
      [{ ...BY_CREATION }],
      [{ status: 1, ...BY_CREATION }],
      [{ waitingFor: 1, ...BY_CREATION }, { partialFilterExpression: { waitingFor: { $exists: true } } }],
      [{ url: 1, ...BY_CREATION }],
      [{ host: 1, ...BY_CREATION }],
      [{ path: 1, ...BY_CREATION }],
      [{ labels: 1, ...BY_CREATION }],
      [{ callerIp: 1, ...BY_CREATION }],
      [{ flowControlKey: 1, ...BY_CREATION }, { partialFilterExpression: { flowControlKey: { $exists: true } } }],
      [{ ...BY_FAILURE }, DEAD_LETTERS],
      [{ url: 1, ...BY_FAILURE }, DEAD_LETTERS],
      [{ labels: 1, ...BY_FAILURE }, DEAD_LETTERS],
      [{ callerIp: 1, ...BY_FAILURE }, DEAD_LETTERS],
      [{ flowControlKey: 1, ...BY_FAILURE }, DEAD_LETTERS],
      [{ 'deadLetter.responseStatus': 1, ...BY_FAILURE }, DEAD_LETTERS],
      [{ 'deadLetter.failureState': 1, ...BY_FAILURE }, DEAD_LETTERS],
    ],
  },
  timers: {
    collection: 'timers',
    fields: { _id: String, partition: Number, dueAt: Number, ask: MIXED },
    indexes: [[{ partition: 1, dueAt: 1, _id: 1 }]],
  },
  /** `_id` is `role/memberId`. */
  members: {
    collection: 'members',
    fields: {
      _id: String,
      role: String,
      memberId: String,
      incarnation: String,
      beat: Number,
      view: [String],
      holds: [Number],
    },
  },
  metadata: {
    collection: 'store',
    fields: { _id: String, epoch: Number, schemaVersion: Number, createdAt: Date, unfinished: String },
  },
} satisfies Record<string, CollectionPlan>;

export type CollectionName = keyof typeof PLANS;

/** A collection with documents of this shape, on the native driver. */
export function nativeCollection<T extends { _id: string | number }>(
  connection: Connection,
  name: CollectionName,
): mongo.Collection<T> {
  return model(connection, name).collection as unknown as mongo.Collection<T>;
}

/** What {@link prepareCollections} makes, for who looks whether it is there. */
export function plannedIndexes(): {
  readonly collection: string;
  readonly indexes: readonly { readonly keys: object; readonly unique: boolean }[];
}[] {
  return Object.values(PLANS).map((plan: CollectionPlan) => ({
    collection: plan.collection,
    indexes: (plan.indexes ?? []).map(([keys, options]) => ({ keys, unique: options?.unique === true })),
  }));
}

/** Idempotent: what exists stays. */
export async function prepareCollections(connection: Connection): Promise<void> {
  for (const name of Object.keys(PLANS) as CollectionName[]) {
    const prepared = model(connection, name);
    await prepared.createCollection();
    await prepared.createIndexes();
  }
}

function model(connection: Connection, name: CollectionName) {
  const existing = connection.models[name];
  if (existing !== undefined) return existing;
  const plan: CollectionPlan = PLANS[name];
  const schema = new Schema(plan.fields, OPTIONS);
  for (const [fields, options] of plan.indexes ?? []) schema.index(fields, options);
  return connection.model(name, schema, plan.collection);
}
