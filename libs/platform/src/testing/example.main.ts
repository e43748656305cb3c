import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { CommonConfig } from '../config';
import { runService } from '../service';

/* A service that does nothing, and misbehaves when `EXAMPLE` says so: for `run-service.int.spec.ts`. */

const misbehaviour = process.env.EXAMPLE;
const never = () => new Promise<never>(() => undefined);
const onPurpose = () => new Error('on purpose');

@Module({})
class ExampleModule {}

void runService({
  name: 'example',
  config: CommonConfig,
  connect: async (_config, { logger, stopping }) => {
    logger.info('connecting');
    if (misbehaviour === 'fail-at-start') throw onPurpose();
    if (misbehaviour === 'hang-at-start') {
      await new Promise((_resolve, reject) => {
        const keepAlive = setInterval(() => undefined, 1_000);
        stopping.addEventListener('abort', () => {
          clearInterval(keepAlive);
          reject(stopping.reason as Error);
        });
      });
    }
    return {
      bus: {
        ask: never,
        publishWork: never,
        onWorkForgotten: () => () => undefined,
        isConnected: () => true,
        serve: () => Promise.resolve(),
        stopIntake: () => {
          logger.info('intake stopped');
          return misbehaviour === 'hang-at-end' ? never() : Promise.resolve();
        },
        drain: () => Promise.resolve(),
      },
      close: () => {
        logger.info('connections closed');
        return Promise.resolve();
      },
    };
  },
  module: () => ExampleModule,
}).then(() => {
  if (misbehaviour === 'throw-later') {
    setImmediate(() => {
      throw onPurpose();
    });
  }
  if (misbehaviour === 'reject-later') void Promise.reject(onPurpose());
});
