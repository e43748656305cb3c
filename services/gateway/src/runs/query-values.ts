import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { applyDecorators } from '@nestjs/common';

/*
 * How values of a query become values of a DTO. Arrays come as repeated parameters, and where the documentation allows it as one
 * list with commas (protocol.md 2.1); times are unix milliseconds.
 */

const textsOf = (value: unknown): unknown => {
  if (value === undefined) return undefined;
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  return texts.flatMap((text) => (typeof text === 'string' ? text.split(',') : [text])).filter((text) => text !== '');
};

/** `a&a=b`, or `a=a,b`. */
export const ListParameter = (): PropertyDecorator => Transform(({ value }) => textsOf(value));

/** Text that is a whole number becomes one; other text stays, for the validator to refuse. */
export const IntegerParameter = (least: number, most: number): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
    ),
    IsInt(),
    Min(least),
    Max(most),
  );
