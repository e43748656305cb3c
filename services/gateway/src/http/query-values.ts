import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import type { ValidationOptions } from 'class-validator';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
} from 'class-validator';
import { COMMA_LIST, UNSERVED } from '../description/values';

/*
 * How values of a query, or of the JSON body that older clients send in its place, become values of a DTO. Arrays come as repeated
 * parameters, and where the documentation allows it as one list with commas (protocol.md 2.1); times are unix milliseconds.
 *
 * 1. What is there must have a value. `label=` and `{"workflowRunIds": null}` are refused: taken for absent, they would mean "all".
 * 2. A parameter that can be given once is refused when it comes twice.
 */

/** Unix ms of the year 5138: more is a slip. */
const LATEST_MS = 99_999_999_999_999;
const MAX_TEXT = 8_192;
const MAX_VALUES = 1_000;
const FLAGS = ['true', 'false'] as const;
export type Flag = (typeof FLAGS)[number];

/** May be absent, but not null (rule 1). */
const Optional = (options: ValidationOptions = {}): PropertyDecorator =>
  ValidateIf((_, value) => value !== undefined, options);

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

export const TextParameter = ({ empty = false } = {}): PropertyDecorator =>
  applyDecorators(Optional(), IsString(), MinLength(empty ? 0 : 1), MaxLength(MAX_TEXT));

/** `a=x&a=y`; a comma is part of a value. */
export const RepeatedParameter = (mostValues = MAX_VALUES): PropertyDecorator =>
  applyDecorators(
    Optional(),
    Transform(({ value }: { value: unknown }) => (value === undefined ? undefined : listed(value))),
    ArrayNotEmpty(),
    ArrayMaxSize(mostValues),
    IsString({ each: true }),
    IsNotEmpty({ each: true }),
    MaxLength(MAX_TEXT, { each: true }),
  );

/** `a=x&a=y`, or `a=x,y`. */
export const ListParameter = (mostValues = MAX_VALUES): PropertyDecorator =>
  applyDecorators(
    Optional(),
    Transform(({ value }: { value: unknown }) =>
      value === undefined
        ? undefined
        : listed(value)
            .flatMap((text) => (typeof text === 'string' ? text.split(',') : [text]))
            .filter((text) => text !== ''),
    ),
    ArrayNotEmpty(COMMA_LIST),
    ArrayMaxSize(mostValues),
    IsString({ each: true }),
    MaxLength(MAX_TEXT, { each: true }),
  );

/** Text that is a whole number becomes one; other text stays, for the validator to refuse. */
export const IntegerParameter = (least: number, most: number): PropertyDecorator =>
  applyDecorators(
    Optional(),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
    ),
    IsInt(),
    Min(least),
    Max(most),
  );

export const TimeParameter = (): PropertyDecorator => IntegerParameter(0, LATEST_MS);

/** `true` or `false`; in JSON also without quotes. */
export const FlagParameter = (): PropertyDecorator =>
  applyDecorators(
    Optional(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'boolean' ? String(value) : value)),
    IsIn(FLAGS, { message: '$property must be true or false' }),
  );

export const ChoiceParameter = (choices: readonly string[]): PropertyDecorator =>
  applyDecorators(Optional(), IsIn(choices));

/** Known to the clients, and refused where it comes to filters: `NOT_SUPPORTED` says more than "unknown parameter". */
export const UnservedParameter = (): PropertyDecorator => Optional(UNSERVED);
