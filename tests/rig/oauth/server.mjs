// SPDX-License-Identifier: Apache-2.0
// An authorization server (oauth2-mock-server) whose refresh tokens can be used once, and a tool that takes its access tokens.
//
//     node server.mjs LOG            (in the folder where tests/rig/install put the packages; prints "PORT OF THE LOGIN, PORT OF THE TOOL")
//
// It ends with its standard input. LOG gets a line for each answer of the token endpoint: GRANT STATUS. The tool has GET /me,
// GET /tasks and GET /tasks/ID; its POST /control takes {"expires_in": S} for tokens from now on, {"refuse": "access"} (the tokens that
// are out are not accepted any more) and {"refuse": "all"} (nor are the refresh tokens: somebody revoked the login).
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { OAuth2Server } from 'oauth2-mock-server';

const access = new Set(), refresh = new Set(), codes = new Map();
const basic = `Basic ${Buffer.from('seamfs:pass%3Aword').toString('base64')}`;
let expiresIn = 3600, number = 0;

const login = new OAuth2Server();
await login.issuer.keys.generate('RS256');

login.service.on('beforeAuthorizeRedirect', (redirect, req) => {
	codes.set(redirect.url.searchParams.get('code'), req.query.redirect_uri);
	redirect.url.searchParams.set('realmId', '4711');
	if (req.query.client_id !== 'seamfs' || req.query.deny) {
		redirect.url.searchParams.delete('code');
		redirect.url.searchParams.set('error', 'access_denied');
	}
});

function refusal(body, authorization) {
	if (authorization !== basic) return [401, 'invalid_client'];
	if (body.grant_type === 'refresh_token') return refresh.delete(body.refresh_token) ? null : [400, 'invalid_grant'];
	if (body.grant_type !== 'authorization_code') return [400, 'unsupported_grant_type'];
	const redirect = codes.get(body.code);
	codes.delete(body.code);
	return redirect && redirect === body.redirect_uri && body.code_verifier ? null : [400, 'invalid_grant'];
}

login.service.on('beforeTokenSigning', (token) => {
	token.payload.jti = String(++number); // two of one second differ
});

login.service.on('beforeResponse', (answer, req) => {
	const no = refusal(req.body, req.headers.authorization);
	if (no) {
		// Whoever uses a token twice has stolen it, or was robbed: nothing of this login holds any more (RFC 9700 4.14.2).
		if (req.body.grant_type === 'refresh_token') { access.clear(); refresh.clear(); }
		answer.statusCode = no[0];
		answer.body = { error: no[1] };
	} else {
		access.add(answer.body.access_token);
		refresh.add(answer.body.refresh_token);
		answer.body.expires_in = expiresIn;
	}
	appendFileSync(process.argv[2], `${req.body.grant_type} ${answer.statusCode}\n`);
});

const tasks = [1, 2, 3].map((id) => ({ id: String(id), title: `Task ${id}`, status: 'open', updated: '2026-11-01T10:00:00Z' }));

function control(order) {
	expiresIn = order.expires_in ?? expiresIn;
	if (order.refuse) access.clear();
	if (order.refuse === 'all') refresh.clear();
	return [200, {}];
}

function toolAnswer(req, body) {
	if (req.url === '/control') return control(JSON.parse(body));
	if (!access.has((req.headers.authorization ?? '').replace(/^Bearer /, ''))) return [401, { error: 'invalid_token' }];
	const path = req.url.split('?')[0], one = tasks.find((task) => path === `/tasks/${task.id}`);
	if (path === '/me') return [200, { name: 'Ann Example' }];
	if (path === '/tasks') return [200, { data: tasks }];
	return one ? [200, one] : [404, {}];
}

const tool = createServer((req, res) => {
	let body = '';
	req.on('data', (bytes) => { body += bytes; });
	req.on('end', () => {
		const [status, json] = toolAnswer(req, body);
		res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
	});
});

await login.start(0, '127.0.0.1');
await new Promise((done) => tool.listen(0, '127.0.0.1', done));
console.log(login.address().port, tool.address().port);
process.stdin.on('end', () => process.exit(0)).resume();
