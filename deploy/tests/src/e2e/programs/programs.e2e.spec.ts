import { programs } from './programs.suite';

programs('one', 60);
