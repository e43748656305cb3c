'use strict';
/*
 * What a machine costs: the same kind of work as a step is (requests over a loopback, JSON, hashes, maps), between two processes, in bursts,
 * so that it takes a part of a core. Every baseline is a multiple of this: whoever changes a line of it records all of them anew.
 */
const { createHmac } = require('node:crypto');
const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const { setTimeout: delay } = require('node:timers/promises');
const { Pool } = require('undici');

const BURST = 20;
const PAUSE_MS = 8;
const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer calibration', 'x-run': 'wfr_calibration' };
const STEP = { stepId: 1, stepName: 'calibration', stepType: 'Run', concurrent: 1, out: 'x'.repeat(64) };
const signed = (body) => createHmac('sha256', 'calibration').update(body).digest('base64url');

async function serve() {
  const recent = new Map();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { steps } = JSON.parse(body);
    const signature = signed(body);
    recent.set(signature, steps);
    if (recent.size > 1_000) recent.delete(recent.keys().next().value);
    const answer = JSON.stringify({ signature, steps: steps.map((step) => ({ ...step, at: steps.length })) });
    response.writeHead(200, { 'content-type': 'application/json', 'x-signature': signature }).end(answer);
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

async function ask(port) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: BURST });
  let units = 0;
  const one = async () => {
    units += 1;
    const steps = Array.from({ length: 5 }, (_, index) => ({ ...STEP, stepId: units + index }));
    const body = JSON.stringify({ steps });
    const answer = await pool.request({ method: 'POST', path: '/', headers: HEADERS, body });
    const { signature } = JSON.parse(await answer.body.text());
    if (signature !== signed(body)) throw new Error('the calibration is answered wrongly');
  };
  process.on('message', async (ms) => {
    units = 0;
    const deadline = performance.now() + ms;
    while (performance.now() < deadline) {
      await Promise.all(Array.from({ length: BURST }, one));
      await delay(PAUSE_MS);
    }
    process.send({ units });
  });
  process.send({ port });
}

process.on('disconnect', () => process.exit());
const [port] = process.argv.slice(2);
void (port === undefined ? serve() : ask(port));
