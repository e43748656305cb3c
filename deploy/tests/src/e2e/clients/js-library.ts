import { Client, WorkflowNonRetryableError, WorkflowRetryAfterError } from '@upstash/workflow';
import { createWorkflow, serve, serveMany } from '@upstash/workflow/express';
import * as express02 from 'upstash-workflow-0-2/express';
import * as core02 from 'upstash-workflow-0-2';
import * as express12 from 'upstash-workflow-1-2/express';
import * as core12 from 'upstash-workflow-1-2';

/** One release of the official JavaScript client, unmodified. All are used through the types of the newest. */
export interface JsLibrary {
  readonly version: string;
  readonly Client: typeof Client;
  readonly serve: typeof serve;
  readonly createWorkflow: typeof createWorkflow;
  readonly serveMany: typeof serveMany;
  readonly WorkflowNonRetryableError: typeof WorkflowNonRetryableError;
  readonly WorkflowRetryAfterError: typeof WorkflowRetryAfterError;
}

export const JS_1_3: JsLibrary = {
  version: '1.3.3',
  Client,
  serve,
  createWorkflow,
  serveMany,
  WorkflowNonRetryableError,
  WorkflowRetryAfterError,
};

// What older releases have not, nobody asks them for: their lists of abilities say so.
const older = (version: string, core: object, express: object): JsLibrary =>
  ({ version, ...core, ...express }) as unknown as JsLibrary;

export const JS_1_2 = older('1.2.1', core12, express12);
export const JS_0_2 = older('0.2.22', core02, express02);
