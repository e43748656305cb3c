export type { DescribedError, Tag } from './described';
export type { FormSource } from './form';
export { sourceOf } from './form';
export { operations, type Operation } from './operations';
export { PATH_PARAMETERS, type PathParameterName } from './path-parameters';
export { HEADER_LISTS, type ReferenceContext } from './values';
