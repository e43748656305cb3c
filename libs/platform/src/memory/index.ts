export { ByteBudget, type ByteHold } from './byte.budget';
