// SPDX-License-Identifier: Apache-2.0
// Lets every manifest's requests be judged by its vendor's document; called by contrib/check-manifests.
//
// Between the engine (tests/manifests/exercise.c) and the judge (Steady, or graphql-yoga) stands a server of ours: it
// notes what the judge says of a request, adds what the judge does not look at (names that the document lacks, logins),
// and makes the answer into one that the engine can go on with.
//
// documents.json, an object for each manifest:
//   documents  [{ file | npm + path, prefix }]: OpenAPI 3 or Swagger 2, JSON or YAML. Several become one, the first wins.
//              prefix: what stands before the document's paths in a real address. file: in the folder given by --documents
//   graphql    { file }: a schema, in place of documents
//   from       where to get the files
//   aliases    path -> how the document names it
//   settings   values where the tool would not take any
//   gaps       [{ request, why }]: where the document is wrong; request: a regular expression for what the details say
//              behind "violation:" ("VERB PATH PLACE: TEXT"). Such deviations are counted apart
//   none       why there is no document
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

import { Document } from './document.mjs';
import { serve as serve_graphql } from './graphql.mjs';
import { adapt, read_manifest, requests_of } from './manifest.mjs';
import { Plan } from './plan.mjs';
import { NEXT, Twin } from './twin.mjs';

const { values: options, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		documents: { type: 'string' }, packages: { type: 'string' }, exercise: { type: 'string' },
		connectors: { type: 'string' }, details: { type: 'string' }, index: { type: 'string' },
	},
});
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'seamfs-judge-'));
const running = new Set();
process.on('exit', () => {
	for (const child of running)
		child.kill('SIGKILL');
	fs.rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'])
	process.on(signal, () => process.exit(130));

function start(command, args, more = {}) {
	const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...more });

	running.add(child);
	child.on('exit', () => running.delete(child));
	return child;
}

const free_port = () => new Promise((done) => {
	const server = http.createServer().listen(0, '127.0.0.1', () => {
		const { port } = server.address();
		server.close(() => done(port));
	});
});

// ---- the judges ----

// Steady on a document: { port, check, close }.
async function serve_openapi(document) {
	const file = path.join(scratch, 'document.json'), port = await free_port();
	const steady = path.join(options.packages, 'node_modules', '.bin', 'steady');
	let said = '';

	fs.writeFileSync(file, JSON.stringify(document.root));
	const child = start(steady, ['--host', '127.0.0.1', '-p', String(port), '--reject-on-sdk-error=false', '--quiet',
		'--no-color', '--generator-seed=1', file], { detached: true });
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (text) => { said = (said + text).slice(-4000); });
	for (let i = 0; ; i++) {
		if (child.exitCode !== null || i > 600)
			throw new Error(`the judge does not take the document: ${said}`);
		if (await fetch(`http://127.0.0.1:${port}/_x-steady/health`).then((r) => r.ok, () => false))
			break;
		await new Promise((done) => setTimeout(done, 50));
	}
	return { port, document, close: () => { try { process.kill(-child.pid); } catch { /* it has ended */ } } };
}

// What of Steady's findings is not ours to find (names: document.mjs finds all of them).
const OURS = new Set(['E2001', 'E2002', 'E3009', 'E3014', 'E3015']);

async function ask_steady(judge, incoming, operation) {
	const { document } = judge, problems = [];
	const search = new URLSearchParams(incoming.search), headers = { ...incoming.headers };
	let body = incoming.text || undefined;

	for (const scheme of Object.values(document.root.components.securitySchemes ?? {})) {
		if (scheme.in === 'query' && !document.parameters(operation, 'query').some((p) => p.name === scheme.name))
			search.delete(scheme.name);
	}
	for (const name of ['host', 'connection', 'content-length', 'accept-encoding', 'transfer-encoding'])
		delete headers[name];
	if (incoming.form && body !== undefined) {
		incoming.body = document.form_value(operation, body);
		body = JSON.stringify(incoming.body);
		headers['content-type'] = 'application/json';
		if (operation.op.requestBody && !operation.op.requestBody.$ref && !operation.op['x-form-only']
			&& !document.resolve(operation.op.requestBody).content?.['application/x-www-form-urlencoded'])
			problems.push({ place: 'header.content-type', text: 'the document has no form here' });
	} else if (operation.op['x-form-only'] && body !== undefined) {
		problems.push({ place: 'header.content-type', text: 'the document has a form here' });
	}
	const query = search.toString().replace(/\+/g, '%20');
	const at = incoming.path.replace(/(.)\/$/, '$1'); // as the document has it, see Document.at
	const response = await fetch(`http://127.0.0.1:${judge.port}${at}${query ? `?${query}` : ''}`,
		{ method: incoming.method, headers, body, redirect: 'manual' });
	const count = Number(response.headers.get('x-steady-error-count') ?? 0);
	for (let i = 1; i <= count; i++) {
		const one = (word) => response.headers.get(`x-steady-error-${i}-${word}`);
		if (!OURS.has(one('code')))
			problems.push({ place: one('path') ?? '', text: `${one('message')} (${one('code')})` });
	}
	const text = await response.text();
	let answer;
	try {
		answer = response.ok ? JSON.parse(text) : undefined;
	} catch { /* it is no JSON */ }
	return { problems, answer };
}

// ---- the server between ----

class Front {
	constructor(judge, entry) {
		Object.assign(this, { judge, entry, requests: [], unread: new Map(), met: new Set(), label: '' });
	}

	async listen() {
		this.server = http.createServer((request, response) => {
			const parts = [];
			request.on('data', (part) => parts.push(part));
			request.on('end', () => this.handle(request, Buffer.concat(parts).toString(), response)
				.catch((e) => { this.fault ??= e; response.writeHead(599).end(); }));
		});
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		return this.server.address().port;
	}

	incoming(request, text) {
		const url = new URL(request.url, 'http://127.0.0.1'), whole = request.url.replace(new RegExp(`[?&]${NEXT}=2`), '');
		const form = /x-www-form-urlencoded/.test(request.headers['content-type'] ?? '');
		const incoming = { method: request.method, headers: request.headers, text, form, whole, given: url.searchParams.has(NEXT) };

		url.searchParams.delete(NEXT);
		incoming.search = url.searchParams;
		incoming.path = url.pathname;
		for (const [from, to] of Object.entries(this.entry.aliases ?? {})) {
			if (url.pathname === from || url.pathname.startsWith(`${from}/`))
				incoming.path = to + url.pathname.slice(from.length);
		}
		if (text && !form) {
			try {
				incoming.body = JSON.parse(text);
			} catch {
				incoming.odd = 'the body is no JSON';
			}
		} else if (form) {
			incoming.body = Object.fromEntries(new URLSearchParams(text));
		}
		return { incoming, original: url.pathname };
	}

	async verdict(incoming) {
		if (!this.judge.document)
			return this.judge.check(incoming.text);
		const { document } = this.judge, operation = document.match(incoming.method, incoming.path);
		if (!operation) {
			const verbs = document.verbs(incoming.path);
			return { problems: [{ place: 'path', text: verbs.length ? `the document has only ${verbs.join(', ')} here`
				: 'the document has no such path' }] };
		}
		const { problems, answer } = await ask_steady(this.judge, incoming, operation);
		const own = [...document.query_problems(operation, incoming.search), ...document.body_problems(operation, incoming.body),
			...document.security_problems(operation, incoming.headers, incoming.search)];
		return { problems: [...problems, ...own], answer, operation };
	}

	// Places of the answer that the manifest reads and the document does not promise; they are told, not counted.
	note_reads(one, operation) {
		const schema = operation && this.judge.document.answer_schema(operation);

		for (const at of schema ? this.twin.reads(one) : []) {
			const steps = at.split('/').slice(1).map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'));
			if (this.judge.document.schemas_at([schema], steps) === null)
				this.unread.set(`${operation.verb.toUpperCase()} ${operation.template} ${at}`, `${one.type ?? ''} ${one.role}`.trim());
		}
	}

	excuse(incoming, problem) {
		const line = `${incoming.method} ${incoming.path} ${problem.place}: ${problem.text}`;

		return this.entry.gaps?.find((gap) => new RegExp(gap.request).test(line));
	}

	async handle(request, text, response) {
		const { incoming, original } = this.incoming(request, text);
		const { problems, answer, operation } = await this.verdict(incoming);
		const one = this.twin.identify({ ...incoming, path: original });
		const noted = { label: this.label, method: incoming.method, url: incoming.whole, text, violations: [], gaps: [], one };

		if (incoming.odd)
			problems.push({ place: 'body', text: incoming.odd });
		for (const problem of incoming.given ? [] : problems) {
			const gap = this.excuse(incoming, problem);
			this.met.add(gap);
			(gap ? noted.gaps : noted.violations).push({ ...problem, why: gap?.why });
		}
		if (!incoming.given)
			this.requests.push(noted);
		this.note_reads(one, operation);
		const made = this.twin.reply(one, { ...incoming, path: original }, answer);
		const body = JSON.stringify(made.answer);
		response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...made.headers });
		response.end(body);
	}
}

// ---- the engine ----

class Exercise {
	constructor(name, adapted) {
		const dir = path.join(scratch, name);

		fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
		fs.writeFileSync(path.join(dir, `${name}.json`), JSON.stringify(adapted.manifest, null, 1));
		for (const [file, text] of Object.entries(adapted.files))
			fs.writeFileSync(path.join(dir, file), text, { mode: 0o600 });
		fs.writeFileSync(path.join(dir, 'config.json'), JSON.stringify(adapted.config), { mode: 0o600 });
		this.child = start(options.exercise, [path.join(dir, 'config.json')], { env: { ...process.env, SEAMFS_CONNECTORS: dir } });
		this.said = '';
		this.child.stderr.on('data', (text) => { this.said += text; });
		this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
	}

	async answer() {
		const { value, done } = await this.lines.next();

		if (done)
			throw new Error(`exercise ended: ${this.said.slice(-600)}`);
		const [type, call, code, sentence, json] = value.split('\t');
		return { type, call, code, sentence, json: json ? JSON.parse(json) : null };
	}

	call(json) {
		this.child.stdin.write(`${JSON.stringify(json)}\n`);
		return this.answer();
	}

	end() {
		this.child.stdin.end();
	}
}

// ---- one tool ----

function files_of(entry) {
	return entry.documents.map(({ npm, path: inside, file, prefix }) => {
		const found = npm ? path.join(options.packages, 'node_modules', npm, inside)
			: options.documents && path.join(options.documents, file);

		if (!found)
			throw new Error(`${file} is sought in the folder given by --documents`);
		if (!fs.existsSync(found))
			throw new Error(npm ? `${npm} has no ${inside}` : `${file} is not in ${options.documents}`);
		return { file: found, prefix };
	});
}

async function open_judge(entry) {
	const base = path.join(options.packages, 'package.json');

	if (entry.graphql)
		return serve_graphql(files_of({ documents: [entry.graphql] })[0].file, base);
	return serve_openapi(await Document.load(files_of(entry), base));
}

async function try_tool(name, entry, judge) {
	const front = new Front(judge, entry), original = read_manifest(path.join(options.connectors, `${name}.json`));
	const adapted = adapt(name, original, await front.listen(), entry.settings);
	const exercise = new Exercise(name, adapted), calls = [];

	try {
		const opened = await exercise.answer();
		if (opened.code !== '0')
			throw new Error(`the manifest cannot be opened: ${opened.sentence}`);
		const types = (await exercise.call({ call: 'describe' })).json;
		front.twin = new Twin(adapted.manifest, types, judge.document ?? null, adapted.base);
		for (const one of new Plan(front.twin).calls()) {
			front.label = `${one.call.type ?? ''} ${one.what}`.trim();
			front.twin.begin(one.begin.call ? one.begin : { call: 'check' });
			calls.push({ label: front.label, ...await exercise.call(one.call) });
			if (front.fault)
				throw front.fault;
		}
		const all = requests_of(adapted.manifest).filter((r) => r.type && !r.then);
		const never = all.filter((r) => !front.requests.some((q) => q.one && q.one.role === r.role && q.one.type === r.type
			&& q.one.path === r.path && q.one.verb === r.verb));
		return { name, title: judge.title ?? judge.document.root.info.title, version: judge.document?.root.info.version ?? '', calls,
			requests: front.requests, unread: front.unread,
			unmet: (entry.gaps ?? []).filter((gap) => !front.met.has(gap)), types: types.map((t) => t.type), never, warnings: exercise.said };
	} finally {
		exercise.end();
		front.server.close();
		front.server.closeAllConnections();
	}
}

async function judge_tool(name, entry) {
	if (entry === undefined)
		return { name, failed: 'it is not in documents.json: say there where its document is, or why there is none' };
	if (entry.none)
		return { name, none: entry.none };
	let judge;
	try {
		judge = await open_judge(entry);
		return await try_tool(name, entry, judge);
	} catch (e) {
		return { name, failed: process.env.JUDGE_DEBUG ? e.stack : e.message };
	} finally {
		judge?.close();
	}
}

// ---- the report ----

function details_of(r) {
	const lines = [`== ${r.name} ==`];

	if (r.none || r.failed)
		return [...lines, r.none ? `no public document: ${r.none}` : `failed: ${r.failed}`, ''].join('\n');
	const group = (kind) => {
		const seen = new Map();
		for (const q of r.requests) {
			for (const v of q[kind]) {
				const key = `${q.method} ${q.url.split('?')[0]} ${v.place}: ${v.text}`;
				const entry = seen.get(key) ?? { labels: new Set(), q, v };
				entry.labels.add(q.label);
				seen.set(key, entry);
			}
		}
		return seen;
	};
	for (const [key, { labels, q, v }] of group('violations')) {
		lines.push(`violation: ${key}`, `    in: ${[...labels].join('; ')}`);
		lines.push(`    sent: ${q.method} ${q.url} ${q.text.slice(0, 1000)}`.trimEnd());
	}
	for (const [key, { labels, v }] of group('gaps'))
		lines.push(`gap of the document: ${key}: ${v.why}`, `    in: ${[...labels].join('; ')}`);
	for (const c of r.calls.filter((c) => c.code !== '0'))
		lines.push(`call failed: ${c.label}: ${c.code}: ${c.sentence}`);
	for (const n of r.never)
		lines.push(`never sent: ${n.type} ${n.role} ${n.verb.toUpperCase()} ${n.path}`);
	for (const gap of r.unmet)
		lines.push(`gap of documents.json that nothing meets: ${gap.request}`);
	for (const [at, who] of r.unread)
		lines.push(`read, but not in the document: ${at} (${who})`);
	for (const q of r.requests.filter((q) => !q.one))
		lines.push(`not understood by the twin: ${q.method} ${q.url} (${q.label})`);
	for (const line of new Set(r.warnings.split('\n').filter(Boolean)))
		lines.push(`engine: ${line}`);
	return [...lines, ''].join('\n');
}

const count = (list, what) => list.reduce((sum, one) => sum + what(one), 0);

function row_of(r) {
	if (r.none)
		return [r.name, `no public document: ${r.none}`];
	if (r.failed)
		return [r.name, `failed: ${r.failed.split('\n')[0]}`];
	return [r.name, `${r.title} ${r.version}`.slice(0, 34).trim(), String(r.requests.length),
		String(count(r.requests, (q) => q.violations.length)), String(count(r.requests, (q) => q.gaps.length)),
		`${r.calls.filter((c) => c.code === '0').length}/${r.calls.length}`, String(r.never.length), r.types.join(' ')];
}

function print_table(results) {
	const rows = [['tool', 'document', 'requests', 'violations', 'gaps', 'calls', 'unsent', 'types'], ...results.map(row_of)];
	const widths = rows[0].map((_, i) => Math.max(...rows.filter((r) => r.length > 2).map((r) => r[i].length)));

	const wide = (cell, i) => /^[\d/]+$/.test(cell) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]);

	for (const row of rows)
		console.log(row.map((cell, i) => i === row.length - 1 ? cell : wide(cell, i)).join('  '));
}

const index = JSON.parse(fs.readFileSync(options.index, 'utf8'));
const names = positionals.length ? positionals
	: fs.readdirSync(options.connectors).filter((f) => f.endsWith('.json')).map((f) => f.slice(0, -5)).sort();
const results = [];
for (const name of names) {
	process.stderr.write(`${name} …\n`);
	results.push(await judge_tool(name, index[name]));
}
fs.writeFileSync(options.details, results.map(details_of).join('\n'));
print_table(results);
const requests = results.flatMap((r) => r.requests ?? []), violations = count(requests, (q) => q.violations.length);
const failed = results.filter((r) => r.failed).length;
console.log(`${requests.length} requests, ${violations} violations, ${failed} tools failed; details: ${options.details}`);
process.exit(violations || failed ? 1 : 0);
