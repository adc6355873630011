// SPDX-License-Identifier: Apache-2.0
// Whether the judge itself finds what is wrong; run by contrib/check-manifests --self-test, which gives the judge's
// arguments in $SEAMFS_JUDGE. One tool's manifest and document are spoilt in one place each.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Document } from './document.mjs';
import { read_manifest } from './manifest.mjs';
import { Twin } from './twin.mjs';

const text = { type: 'string' }, client = { $ref: 'other.json#/components/schemas/client' };
const json = (schema) => ({ content: { 'application/json': { schema } } });
const said = (schema) => ({ responses: { 200: { description: 'ok', ...json(schema) } } });
const taken = (schema) => ({ requestBody: { required: true, ...json(schema) } });

const DOCUMENT = {
	openapi: '3.0.3', info: { title: 'Tiny', version: '1' }, security: [{ key: [] }],
	paths: {
		'/clients/': {
			get: {
				parameters: ['sort', 'name'].map((name) => ({ name, in: 'query', schema: text })),
				...said({ type: 'array', items: client }),
			},
			post: { ...taken({ allOf: [client], required: ['name', 'kind'] }), ...said(client) },
		},
	},
	components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
};
// The first one refers to it before it is itself added.
const OTHER = {
	openapi: '3.0.3', info: { title: 'Other', version: '1' }, security: [{ key: [] }],
	paths: {
		'/clients/{id}': {
			parameters: [{ name: 'id', in: 'path', required: true, schema: text }],
			get: said({ $ref: '#/components/schemas/client' }),
			patch: { ...taken({ $ref: '#/components/schemas/client' }), ...said({ $ref: '#/components/schemas/client' }) },
		},
	},
	components: {
		schemas: {
			client: {
				type: 'object',
				properties: { id: text, name: text, kind: text, note: { ...text, nullable: true }, active: { type: 'boolean' } },
			},
		},
	},
};
const MANIFEST = {
	format: 1, title: 'Tiny', tested: false, docs: ['https://tiny.example/'],
	settings: { key: { label: 'Key', secret: true } },
	http: { base: 'https://tiny.example', headers: { 'X-Key': '{key}' }, body: 'json' },
	check: { get: '/clients/' },
	page: { by: 'none' },
	types: {
		client: {
			list: { get: '/clients/', query: { sort: 'id' }, records: '' },
			one: { get: '/clients/{id}', record: '' },
			create: { post: '/clients/', body: { kind: 'customer', active: true }, record: '' },
			update: { patch: '/clients/{id}', send: 'changed', record: '' },
			once: { by: 'find', find: { get: '/clients/', query: { name: '{name}' }, records: '' } },
			changes: { by: 'scan' },
			fields: { id: '/id', name: '/name', notes: '/note' },
		},
	},
};

// What is spoilt, and what the judge has to say of it.
const SPOILT = {
	path: [(m) => { m.types.client.list.get = '/customers'; }, /^GET \/customers path: the document has no such path$/],
	slash: [(m) => { m.types.client.one.get = '/clients/{id}/'; }, /^GET \/clients\/\w+\/ path: the document has no such path$/],
	verb: [(m) => { m.types.client.update = { put: '/clients/{id}', record: '' }; }, /^PUT .* path: the document has only GET, PATCH here$/],
	query: [(m) => { m.types.client.list.query = { sorting: 'id' }; }, /^GET .* query\.sorting: the document has no such query/],
	type: [(m) => { m.types.client.create.body.active = 'yes'; }, /^POST .* body\.active: Expected type boolean, got string/],
	member: [(m) => { m.types.client.fields.notes = '/remark'; }, /^(POST|PATCH) .* body\.remark: the document has no such member/],
	required: [(m) => { delete m.types.client.create.body.kind; }, /^POST .* body: Missing required property: kind/],
	login: [(m) => { delete m.http.headers; delete m.settings; }, /^[A-Z]+ .* credentials: none of the logins of the document: key$/],
};

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'seamfs-judge-test-'));
const write = (name, value) => fs.writeFileSync(path.join(dir, name), JSON.stringify(value));
let run, sections;

before(() => {
	const index = {}, documents = [{ file: 'tiny.json' }, { file: 'other.json' }];

	fs.mkdirSync(path.join(dir, 'connectors'));
	write('tiny.json', DOCUMENT);
	write('other.json', OTHER);
	for (const [name, [spoil]] of Object.entries({ right: [() => {}], excused: SPOILT.query, ...SPOILT })) {
		const manifest = { connector: name, ...structuredClone(MANIFEST) };
		spoil(manifest);
		write(`connectors/${name}.json`, manifest);
		index[name] = { documents };
	}
	index.excused.gaps = [{ request: '^GET /clients/ query\\.sorting:', why: 'it is left out' }, { request: '^DELETE', why: 'no' }];
	write('index.json', index);
	run = spawnSync(process.execPath, [path.join(import.meta.dirname, 'judge.mjs'), ...JSON.parse(process.env.SEAMFS_JUDGE),
		'--documents', dir, '--connectors', path.join(dir, 'connectors'), '--index', path.join(dir, 'index.json'),
		'--details', path.join(dir, 'details')], { encoding: 'utf8' });
	sections = Object.fromEntries(fs.readFileSync(path.join(dir, 'details'), 'utf8').split(/^== /m).slice(1)
		.map((section) => section.split(' ==\n')));
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

const told = (name, kind) => sections[name].split('\n').filter((line) => line.startsWith(`${kind}: `))
	.map((line) => line.slice(kind.length + 2));

test('a right manifest', () => {
	assert.equal(sections.right.trim(), '');
	assert.match(run.stdout, /^right +Tiny 1 +[1-9]\d* +0 +0 +(\d+)\/\1 +0 +client$/m);
});

for (const [name, [, sentence]] of Object.entries(SPOILT)) {
	test(`a wrong ${name}`, () => {
		const violations = told(name, 'violation');

		assert.notEqual(violations.length, 0, sections[name]);
		for (const violation of violations)
			assert.match(violation, sentence);
		assert.equal(run.status, 1);
	});
}

test('a gap of the document', () => {
	assert.deepEqual(told('excused', 'violation'), []);
	assert.match(told('excused', 'gap of the document').join(), /sorting.*: it is left out$/);
	assert.deepEqual(told('excused', 'gap of documents.json that nothing meets'), ['^DELETE']);
});

test('a file that another one refers to', async () => {
	const files = ['tiny.json', 'other.json'].map((name) => ({ file: path.join(dir, name), prefix: '/v1' }));
	const document = await Document.load(files, import.meta.url);

	assert.ok(document.match('PATCH', '/v1/clients/1'));
	assert.ok(document.match('GET', '/v1/clients') && document.match('GET', '/v1/clients/'));
});

// contrib/manifest.schema.json, by a program that is not ours: every manifest is one, and what is spoilt is not.
test('the JSON Schema', () => {
	const top = path.join(import.meta.dirname, '..', '..', 'contrib'), packages = JSON.parse(process.env.SEAMFS_JUDGE)[1];
	const Ajv = createRequire(path.join(packages, 'package.json'))('ajv/dist/2020');
	const fits = new Ajv({ strict: false }).compile(JSON.parse(fs.readFileSync(path.join(top, 'manifest.schema.json'), 'utf8')));
	const whole = { connector: 'right', ...MANIFEST };
	const spoilt = (spoil) => { const copy = structuredClone(whole); spoil(copy); return copy; };

	for (const file of fs.readdirSync(path.join(top, 'connectors')).filter((name) => name.endsWith('.json')))
		assert.ok(fits(read_manifest(path.join(top, 'connectors', file))), `${file}: ${JSON.stringify(fits.errors)}`);
	assert.ok(fits(whole), JSON.stringify(fits.errors));
	for (const spoil of [(m) => { m.types.client.lists = {}; }, (m) => { m.types.customer = m.types.client; },
		(m) => { delete m.http.base; }, (m) => { m.page.by = 'magic'; }, (m) => { m.types.client.fields.shoe_size = '/s'; },
		(m) => { m.types.client.fields.name = 'name'; }, (m) => { m.types.client.fields.name = { at: '/n', ass: 'text' }; }])
		assert.ok(!fits(spoilt(spoil)), String(spoil));
});

// Requests that only one thing tells from each other.
test('which request of the manifest one is', () => {
	const lookup = (query) => ({ post: '/q', body: { query }, records: '/rows', id: '/id', name: '/name' });
	const manifest = {
		...MANIFEST, lookups: { states: lookup('query states { id }'), people: lookup('query people { id }') },
		types: {
			time: {
				list: { get: '/logs/{each}', each: 'states', records: '' }, one: { get: '/logs/{id}' },
				create: { post: '/q', wrap: '/variables', body: { query: 'mutation { id }' } },
				update: { patch: '/logs/{id}', body: { day: '{date}' } },
				changes: { by: 'since', list: { get: '/logs/{each}', each: 'people', records: '' } },
				steps: { status: { '*': { '*': { patch: '/logs/{id}', body: { day: '{date}', status: '{to}' } } } } },
				fields: { id: '/id', date: '/day', status: { at: '/status', write: 'step' } },
			},
		},
	};
	const twin = new Twin(manifest, [{ type: 'time', fields: [] }], null, '');
	const role = (call, since, method, where, body) => {
		twin.begin({ call, type: 'time', since });
		const one = twin.identify({ method, path: where, search: new URLSearchParams(), body });
		return `${one.role} ${one.name ?? one.request.each ?? ''}`.trim();
	};

	assert.equal(role('list', false, 'GET', '/logs/1'), 'list states');
	assert.equal(role('list', true, 'GET', '/logs/1'), 'changes people');
	assert.equal(role('create', false, 'POST', '/q', { query: 'query people { id }', variables: { first: 9 } }), 'lookup people');
	assert.equal(role('create', false, 'POST', '/q', { query: 'mutation { id }', variables: {} }), 'create');
	assert.equal(role('update', false, 'PATCH', '/logs/1', { day: '2026-11-23', hours: 2 }), 'update');
	assert.equal(role('update', false, 'PATCH', '/logs/1', { day: '2026-11-23', status: 'done' }), 'step');
});
