import fc from 'fast-check';
import { derivedId, idInOtherRun, idInRun, runIdIn } from './message-id';

describe('ids that name their run', () => {
  it('keep a plain run id readable', () => {
    expect(idInRun('msg', 'Ab_1-', 'wfr_x-1')).toBe('msg_Ab_1-.wfr_x-1');
    expect(derivedId('msg_a.wfr_1', 'callback')).toBe('msg_a_callback.wfr_1');
    expect(idInOtherRun('msg_a_callback.wfr_1', 'wfr_2')).toBe('msg_a_callback.wfr_2');
  });

  it('name any run there can be, and can be sent in a header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 512 }), (runId) => {
        const id = idInRun('dlq', 'u', runId);
        expect(runIdIn(id)).toBe(runId);
        expect(runIdIn(derivedId(id, 'x'))).toBe(runId);
        expect(id).toMatch(/^[A-Za-z0-9_.-]+$/);
      }),
    );
  });

  it.each(['msg_1', '', 'msg_1.', 'msg_1.b64_%', 'msg_1.a b', 'msg_1.b64_YQ'])('%j names none', (id) => {
    expect(runIdIn(id)).toBeUndefined();
  });

  it('are copied and derived from where they name none, too', () => {
    expect(derivedId('msg_1', 'callback')).toBe('msg_1_callback');
    expect(idInOtherRun('msg_1', 'wfr_2')).toBe('msg_1.wfr_2');
  });
});
