import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createTrails } from '../server.mjs';

describe('the trails service', () => {
  const server = createTrails({ environment: 'test', manifest: { commit: 'c0ffee', digest: 'sha256:beef' } });
  let url;
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close().closeAllConnections());

  it('says what is running', async () => {
    const response = await fetch(`${url}/health`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {
      status: 'ok',
      environment: 'test',
      commit: 'c0ffee',
      digest: 'sha256:beef',
    });
  });

  it('lists the tracks', async () => {
    const tracks = await (await fetch(`${url}/tracks`)).json();
    assert.deepEqual(
      tracks.map(({ id }) => id),
      [1, 2, 3],
    );
    assert.equal(tracks[0].title, 'Ridge walk');
  });

  it('does not know other paths, and only reads', async () => {
    assert.equal((await fetch(`${url}/constructor`)).status, 404);
    assert.equal((await fetch(`${url}/tracks`, { method: 'POST' })).status, 405);
  });
});
