import { expectCommitted } from './committed-page';
import { errorsPage } from './errors-page';

test('the page of errors says what the table of codes says', () => {
  expectCommitted('reference/errors.md', errorsPage());
});
