import { Catch } from '@nestjs/common';
import type { RpcExceptionFilter } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { throwError } from 'rxjs';

/**
 * Nest's own filter for messages logs what a handler throws and puts `{status: 'error'}` in its place. The bus must see the thrown
 * thing itself: `Silence` and `GiveBack` are no errors, and their class decides what happens next.
 */
@Catch()
export class KeepErrorFilter implements RpcExceptionFilter {
  catch(thrown: unknown): Observable<never> {
    return throwError(() => thrown);
  }
}
