export { Problem, problemIn } from './problem';
export { ProblemFilter } from './problem.filter';
