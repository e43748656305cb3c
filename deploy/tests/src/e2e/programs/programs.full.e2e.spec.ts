import { programs } from './programs.suite';

programs('one', 600);
programs('five', 300);
