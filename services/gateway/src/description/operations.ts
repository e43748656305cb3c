import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import { endpoints } from '../endpoints';
import { eventOperations } from '../events/event.operations';
import { submissionOperations } from '../submissions/submission.operations';
import type { OperationDescription } from './described';
import { descriptionOf } from './described';
import type { LeanOperation } from './lean-operation';
import { documentedPath } from './path-parameters';

/** All that is known of one operation of the API: one method at one path. */
export interface Operation extends OperationDescription<unknown> {
  readonly method: string;
  /** With `{names}`. */
  readonly path: string;
  /** Of success. */
  readonly status: number;
  /** Reached without a token. */
  readonly open: boolean;
  /** Class of the query's parameters. */
  readonly query?: Type;
  /** Class of a JSON body that may stand in place of the query. */
  readonly queryBody?: Type;
}

/**
 * Every operation of the gateway. Of a cold route all but its description is what Nest registers it by.
 *
 * @throws Error for an endpoint that says nothing of itself
 */
export const operations = (): Operation[] => [
  ...[...submissionOperations, ...eventOperations].flatMap(ofLean),
  ...endpoints.flatMap(ofEndpoint),
];

function ofLean({ methods, ...lean }: LeanOperation): Operation[] {
  return methods.map((method) => ({
    ...lean,
    id: methods.length === 1 ? lean.id : `${lean.id}With${capitalised(method.toLowerCase())}`,
    method,
    open: lean.open === true,
  }));
}

function ofEndpoint(endpoint: Type): Operation[] {
  const prototype = endpoint.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
    const description = descriptionOf(prototype, name);
    if (description === undefined) throw new Error(`${endpoint.name}.${name} has no @Described`);
    return ofHandler(endpoint, name, handler, description);
  });
}

function ofHandler(
  endpoint: Type,
  name: string,
  handler: object,
  description: OperationDescription<unknown>,
): Operation[] {
  const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
  const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as { readonly open?: boolean } | undefined;
  const places = {
    ...description,
    method,
    status: (Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined) ?? (method === 'POST' ? 201 : 200),
    open: config?.open === true,
    ...parametersOf(endpoint, name),
  };
  return pathsOf(endpoint, handler).map((path, place) => ({
    ...places,
    path: documentedPath(path),
    // The first path is the one that is meant; another is another name of it.
    id: place === 0 ? description.id : `${description.id}At${capitalised(path.slice(path.lastIndexOf('/') + 1))}`,
  }));
}

function pathsOf(endpoint: Type, handler: object): string[] {
  const above = Reflect.getMetadata(PATH_METADATA, endpoint) as string;
  const below = Reflect.getMetadata(PATH_METADATA, handler) as string | string[];
  return [below].flat().map((path) => `/${[above, path].filter((part) => part !== '/').join('/')}`);
}

interface RouteArgument {
  readonly index: number;
  readonly data?: unknown;
}

/** Of its parameters the query by its type, and a body by the class that its decorator was given. */
function parametersOf(endpoint: Type, name: string): Pick<Operation, 'query' | 'queryBody'> {
  const types = Reflect.getMetadata('design:paramtypes', endpoint.prototype as object, name) as Type[];
  const args = Object.entries(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, endpoint, name) ?? {}) as Record<string, RouteArgument>,
  );
  const query = args.find(([key]) => key.startsWith(`${RouteParamtypes.QUERY}:`))?.[1];
  const queryBody = args.map(([, { data }]) => data).find((data) => typeof data === 'function');
  return {
    ...(query === undefined ? {} : { query: types[query.index] }),
    ...(queryBody === undefined ? {} : { queryBody: queryBody as Type }),
  };
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
