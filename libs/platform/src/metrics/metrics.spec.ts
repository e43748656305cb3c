import { createMetrics } from './metrics';

describe('createMetrics', () => {
  it('has the build and the Node defaults, labelled with the service', async () => {
    const text = await createMetrics('example').metrics();
    expect(text).toMatch(/^stepwell_build_info\{version="[\d.]+",node="v[\d.]+",service="example"\} 1$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds\{service="example"\} /m);
  });

  it('gives every process of a test its own', () => {
    expect(createMetrics('a')).not.toBe(createMetrics('a'));
  });
});
