import { goWire } from '../clients/go-wire.suite';
import type { Topology } from '../stepwell-under-test';
import { useBench } from './bench';
import { calls } from './calls.suite';
import { cancels } from './cancels.suite';
import { deadLetters } from './dead-letters.suite';
import { failures } from './failures.suite';
import { invokes } from './invokes.suite';
import { limits } from './limits.suite';
import { logs } from './logs.suite';
import { messages } from './messages.suite';
import { mixedGroups } from './mixed-groups.suite';
import { providerApis } from './provider-apis.suite';
import { restStarts } from './rest-starts.suite';
import { runAndSleep } from './run-and-sleep.suite';
import { starts } from './starts.suite';
import { waits } from './waits.suite';
import { webhooks } from './webhooks.suite';

/** Everything the protocol promises, looked at from outside, with the newest official client. */
export function conformance(topology: Topology): void {
  describe(`the protocol, on ${topology} process(es)`, () => {
    const bench = useBench(topology);
    runAndSleep(bench);
    calls(bench);
    providerApis(bench);
    waits(bench);
    webhooks(bench);
    invokes(bench);
    mixedGroups(bench);
    starts(bench);
    restStarts(bench);
    failures(bench);
    deadLetters(bench);
    cancels(bench);
    logs(bench);
    messages(bench);
    limits(bench);
    goWire(bench);
  });
}
