import { DEV_CREDENTIALS } from '../gateway.config';
import { UserIds } from './user-ids';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the users that tokens name', () => {
  it('are in tokens of the hosted form', () => {
    const users = new UserIds([...DEV_CREDENTIALS.tokens, base64('{"UserID":"ü/1","Password":"x"}')]);
    expect(['defaultUser', 'ü/1', 'testUser1'].map((id) => users.knows(id))).toEqual([true, true, false]);
  });

  it('are in no others', () => {
    const others = [
      'a-token-of-our-own',
      base64('{"UserID":""}'),
      base64('{"UserID":5}'),
      base64('null'),
      base64('"x"'),
    ];
    const users = new UserIds(others);
    expect(['', '5', 'undefined', 'x', ...others].some((id) => users.knows(id))).toBe(false);
  });
});
