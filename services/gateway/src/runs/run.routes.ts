import { Injectable } from '@nestjs/common';
import { isRunId } from '@stepwell/core';
import type { HotRoute } from '../http/hot-routes';
import { rawId } from '../http/raw-target';
import { RunAsks } from './run.asks';

const PREFIX = '/v2/workflows/runs/';
const FINISH = '?cancel=false';

/** Of what is asked of a run, the one thing that every run asks: its end (protocol.md 7.8), as clients spell it. */
@Injectable()
export class RunRoutes {
  constructor(private readonly runs: RunAsks) {}

  hotRoutes(): readonly HotRoute[] {
    return [
      {
        method: 'DELETE',
        route: `${PREFIX}-`,
        needsBody: false,
        takes: (target) =>
          target.startsWith(PREFIX) &&
          target.indexOf('?') === target.length - FINISH.length &&
          target.endsWith(FINISH) &&
          isRunId(rawId(target, PREFIX)),
        answer: async ({ target, body, hangUp }) => {
          await this.runs.finish(rawId(target, PREFIX), body.length > 0 ? body : undefined, hangUp);
          return {};
        },
      },
    ];
  }
}
