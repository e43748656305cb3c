/**
 * Every error code there is: one table, from which the types, the HTTP answers and the documentation are derived (habit 7).
 *
 * `status` is the HTTP status of an answer that carries the code; codes that only ever describe an attempt of ours to reach
 * somebody else have the status that a final callback reports for it (protocol.md 8.3). `retryable` says whether the same
 * request may succeed later without being changed.
 *
 * Two statuses mean something special to the clients that submit to a run (protocol.md 7.4): 400 is taken for "the run has
 * ended" and swallowed, 412 fails the run for good; every other one makes the endpoint answer 500, and the step is tried again.
 */

interface ErrorCodeEntry {
  readonly status: number;
  /** The default text of an answer; a phrase, without a final stop. */
  readonly message: string;
  readonly retryable: boolean;
  /** One line for whoever meets it. */
  readonly whatToDo: string;
}

export const ERROR_CODES = {
  // Who asks
  UNAUTHORIZED: {
    status: 401,
    message: 'missing or wrong token',
    retryable: false,
    whatToDo:
      'Send the server’s token as "Authorization: Bearer …"; QSTASH_TOKEN must be the one the server printed at start.',
  },

  // What was sent
  INVALID_JSON: {
    status: 400,
    message: 'the body is not valid JSON',
    retryable: false,
    whatToDo: 'Send a body that a JSON parser accepts, in UTF-8.',
  },
  INVALID_BODY: {
    status: 400,
    message: 'the body does not have the expected form',
    retryable: false,
    whatToDo: 'Compare the body with the endpoint’s schema; the message names the first place that differs.',
  },
  INVALID_DESTINATION: {
    status: 400,
    message: 'invalid destination url',
    retryable: false,
    whatToDo: 'Put a complete http:// or https:// URL behind the path, unescaped.',
  },
  INVALID_HEADER: {
    status: 400,
    message: 'a header has an invalid name or value',
    retryable: false,
    whatToDo: 'Correct the header that the message names; values are printable characters on one line.',
  },
  INVALID_DURATION: {
    status: 400,
    message: 'not a duration',
    retryable: false,
    whatToDo: 'Write durations as 10s, 30m, 2h, 1d, 1w, 1mo, 1y, combined as 1d10h30m, or as plain seconds.',
  },
  INVALID_RETRY_DELAY: {
    status: 400,
    message: 'not a retry delay expression',
    retryable: false,
    whatToDo:
      'Use numbers, "retried", + - * / ( ) and pow sqrt abs exp floor ceil round min max; the result is milliseconds.',
  },
  INVALID_FLOW_CONTROL: {
    status: 400,
    message: 'invalid flow control',
    retryable: false,
    whatToDo:
      'Send a key of letters, digits, ".", "_" and "-", and a value such as "parallelism=3, rate=5, period=1m".',
  },
  INVALID_CRON: {
    status: 400,
    message: 'invalid cron expression',
    retryable: false,
    whatToDo: 'Write five fields, optionally after CRON_TZ=Area/City.',
  },
  INVALID_LABEL: {
    status: 400,
    message: 'invalid label',
    retryable: false,
    whatToDo: 'Use letters, digits, ".", "_" and "-"; separate several labels by commas.',
  },
  INVALID_RUN_ID: {
    status: 400,
    message: 'missing or invalid workflow run id',
    retryable: false,
    whatToDo: 'Send Upstash-Workflow-RunId as the client library does.',
  },
  INVALID_EVENT_ID: {
    status: 400,
    message: 'missing or invalid event id',
    retryable: false,
    whatToDo: 'Put the event id behind the path; it has 1 to 512 printable characters.',
  },
  INVALID_QUERY: {
    status: 400,
    message: 'invalid query parameter',
    retryable: false,
    whatToDo:
      'Correct the parameter that the message names; unknown filters are refused, so that a misspelt one deletes nothing.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: 'the body is too large',
    retryable: false,
    whatToDo: 'Send less, for instance a link to the data, or raise the server’s body limit.',
  },
  UNSUPPORTED_MEDIA: {
    status: 415,
    message: 'unsupported content type or encoding',
    retryable: false,
    whatToDo: 'Send the body uncompressed, JSON endpoints as application/json.',
  },
  QUOTA_EXCEEDED: {
    status: 412,
    message: 'a limit of this server is exceeded',
    retryable: false,
    whatToDo: 'Stay below the limit that the message names; asking again cannot succeed.',
  },

  // What it is about
  NOT_FOUND: {
    status: 404,
    message: 'not found',
    retryable: false,
    whatToDo: 'Check method, path and id.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'method not allowed',
    retryable: false,
    whatToDo: 'Use one of the methods in the Allow header.',
  },
  // Of reads and cancels. A submission to an unknown run is refused with RUN_ENDED, since clients act on its status (7.4).
  UNKNOWN_RUN: {
    status: 404,
    message: 'unknown workflow run',
    retryable: false,
    whatToDo: 'Check the run id; an ended run’s log is listed by the logs endpoint.',
  },
  UNKNOWN_MESSAGE: {
    status: 404,
    message: 'unknown message',
    retryable: false,
    whatToDo: 'Check the id; a message that was delivered is known no longer, its run’s log shows it.',
  },
  UNKNOWN_DEAD_LETTER: {
    status: 404,
    message: 'unknown dead letter',
    retryable: false,
    whatToDo: 'Check the id; a dead letter is gone once it was deleted, resumed or restarted.',
  },
  NOT_FAILED: {
    status: 400,
    message: 'there is no failed failure callback to run again, or none running to cancel',
    retryable: false,
    whatToDo: 'Look at the state of the failure callback in the run’s log.',
  },
  RUN_ENDED: {
    status: 400,
    // The hosted server's own words, misspelling included: clients and their users search for them (protocol.md 7.4).
    message: 'can not append to a a cancelled workflow',
    retryable: false,
    whatToDo: 'Nothing: the run is finished, failed or cancelled, and what its endpoint still submits is dropped.',
  },
  NOT_SUPPORTED: {
    status: 501,
    message: 'this server does not support that yet',
    retryable: false,
    whatToDo: 'See the README for what is supported.',
  },

  // How the server is
  OVERLOADED: {
    status: 429,
    message: 'too many new runs at the moment',
    retryable: true,
    whatToDo: 'Ask again after the time in Retry-After; runs already started are not affected.',
  },
  UNAVAILABLE: {
    status: 503,
    message: 'the server cannot answer at the moment',
    retryable: true,
    whatToDo: 'Ask again; a delivery that fails with this code costs its run no retry.',
  },
  INTERNAL: {
    status: 500,
    message: 'internal error',
    retryable: true,
    whatToDo: 'Look for the request id in the server’s log, and report it.',
  },

  // What happened to a request of ours
  CONNECTION_FAILED: {
    status: 502,
    message: 'the destination could not be reached',
    retryable: true,
    whatToDo: 'Check that the URL is right and reachable from the server, not only from your machine.',
  },
  DELIVERY_TIMEOUT: {
    status: 504,
    message: 'the destination did not answer in time',
    retryable: true,
    whatToDo: 'Answer sooner, split the step, or raise its timeout.',
  },
  RESPONSE_TOO_LARGE: {
    status: 502,
    message: 'the answer of the destination is too large',
    retryable: true,
    whatToDo: 'Answer with less, for instance a link to the data, or raise the server’s response limit.',
  },
  DESTINATION_BLOCKED: {
    status: 403,
    message: 'the destination’s address is not allowed',
    retryable: true,
    whatToDo: 'Allow the address or host in the settings of the http-caller, if it is meant to be reached.',
  },
  NON_WORKFLOW_DESTINATION: {
    status: 400,
    // The hosted server's own words, which its test application compares (protocol.md 5.6).
    message:
      'detected a non-workflow destination for trigger/invoke. make sure you are sending the request to the correct endpoint',
    retryable: false,
    whatToDo:
      'Check the URL: its answer did not come from a workflow endpoint. A proxy or login page in front of it looks so, too.',
  },
  NON_RETRYABLE: {
    status: 489,
    message: 'the endpoint said that trying again is of no use',
    retryable: false,
    whatToDo: 'Read the endpoint’s own error; it threw a non-retryable one.',
  },
  OLD_CLIENT: {
    status: 400,
    // The hosted server's own words (protocol.md 5.5).
    message: 'trigger rest api is only usable with sdk versions after v1.0.0 major version',
    retryable: false,
    whatToDo: 'Upgrade the endpoint’s client library to 1.0 or later, or start the run with the library’s own client.',
  },
  HTTP_ERROR: {
    status: 502,
    message: 'the destination did not answer with success',
    retryable: true,
    whatToDo: 'Read the destination’s answer beside this error.',
  },
  NOTHING_FOLLOWED: {
    status: 502,
    message: 'the endpoint answered with success but submitted nothing',
    retryable: true,
    whatToDo: 'Await every step in the workflow function, and look for code that swallows the client’s own errors.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Every error answer's JSON. */
export interface ErrorBody {
  readonly error: string;
  readonly code: ErrorCode;
}

/** The body of an error answer, with the code's own message unless there is a more precise one. */
export function errorBody(code: ErrorCode, message: string = ERROR_CODES[code].message): ErrorBody {
  return { error: message, code };
}
