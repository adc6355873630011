// SPDX-License-Identifier: Apache-2.0
// What the tool would answer: the judge's example, with records in it that the manifest can read, so that the engine gets
// to all of its requests. It believes whatever it is told.
import { WORD, field_words, requests_of, verb_of } from './manifest.mjs';

const CURSOR = 'seamfs-cursor';
export const NEXT = 'seamfs_next'; // in a link that the twin made, which is no request of the manifest's
const FAR = /2100-01-01|4102444800/; // the engine asks whether a filter is looked at

const steps_of = (pointer) => (pointer ?? '').split('/').slice(1).map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'));

export function get_at(value, pointer) {
	for (const step of steps_of(pointer)) {
		const [, name, want] = /^([^=]+)=(.*)$/.exec(step) ?? [];
		value = Array.isArray(value) && name ? value.find((v) => String(v?.[name]) === want) : value?.[step];
	}
	return value;
}

export function put_at(root, pointer, value) {
	const steps = steps_of(pointer);
	let node = root;

	if (!steps.length)
		return value;
	steps.forEach((step, i) => {
		const last = i === steps.length - 1, [, name, want] = /^([^=]+)=(.*)$/.exec(step) ?? [];
		const list = /^\d+$|=/.test(steps[i + 1] ?? '');
		let key = step;

		if (Array.isArray(node) && name) {
			key = node.findIndex((v) => String(v?.[name]) === want);
			if (key < 0)
				key = node.push({ [name]: want }) - 1;
		}
		if (last)
			node[key] = value;
		else if (node[key] === null || typeof node[key] !== 'object' || (list && !Array.isArray(node[key])))
			node[key] = list ? [] : {};
		node = node[key];
	});
	return root;
}

// A copy of an object; of anything else, an empty one.
const object = (value) => value && typeof value === 'object' && !Array.isArray(value) ? structuredClone(value) : {};

const first = (value) => [value].flat().find((v) => v !== '*') ?? 'other';

function time_as(as, date) {
	const ms = Date.parse(`${date.slice(0, 10)}T00:00:00Z`), iso = new Date(ms).toISOString();

	return { unix: ms / 1000, unix_ms: ms, msdate: `/Date(${ms}+0000)/`, datetime: iso,
		'date-parts': { year: +date.slice(0, 4), month: +date.slice(5, 7), day: +date.slice(8, 10) } }[as] ?? date;
}

function stamp_as(as) {
	const ms = Date.now() - 3600000;

	return { unix: Math.floor(ms / 1000), unix_ms: ms, msdate: `/Date(${ms}+0000)/` }[as] ?? new Date(ms).toISOString();
}

// An id that the document accepts.
function sample_id(document, schemas, k) {
	const schema = document ? document.resolve(schemas[0]) : {};
	const uuid = `00000000-0000-4000-8000-00000000000${k}`, digits = `100${k}`;
	const options = [digits, uuid, `5abbe4b7ddc1b351ef96141${k}`, `a-${k}`, `A100${k}`];

	if ([schema.type].flat().some((t) => t === 'integer' || t === 'number'))
		return 1000 + k;
	if (schema.format === 'uuid')
		return uuid;
	if (schema.pattern)
		return options.find((o) => new RegExp(schema.pattern).test(o)) ?? digits;
	if (schema.minLength > 4)
		return options.find((o) => o.length >= schema.minLength && o.length <= (schema.maxLength ?? 99)) ?? digits;
	return digits;
}

export class Twin {
	// types: what `exercise` describes. document: null for GraphQL.
	constructor(manifest, types, document, base) {
		Object.assign(this, { manifest, document, base, requests: requests_of(manifest) });
		this.types = Object.fromEntries(types.map((t) => [t.type, t]));
		this.docs = {};
		this.words = {}; // type -> field -> the tool's word, where it is not what the doc says
		this.lookups = this.tables();
		this.begin({ call: 'check' });
	}

	// ---- who asks for what ----

	// hidden: fields that the tool does not show yet. pending: what it shows once something has been written. to: where a step leads.
	// since: changes are asked for
	begin({ call, type, doc, hidden = [], pending = null, words = null, key, to, since = false }) {
		this.now = { call, type, hidden, pending, key, to, since };
		if (doc)
			this.docs[type] = doc;
		if (words)
			this.words[type] = words;
		else
			delete this.words[type];
	}

	// word: what may stand in place of a {name}.
	pattern(template, word) {
		const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
		const text = template.split(WORD).map((part, i) => i % 2 ? word : literal(part)).join('');

		return new RegExp(`^${text}$`);
	}

	// What a listing has besides while changes are asked for.
	polled(one) {
		return this.now.since && one.role === 'list' ? this.manifest.types[one.type].changes ?? {} : {};
	}

	// How well a request of the manifest explains what came; what is constant in it weighs most.
	score(one, incoming) {
		// A step is nothing without the words that it is taken by.
		const missing = one.role === 'step' ? 4 : 1, polled = this.polled(one);
		let score = 0;
		const weigh = (template, text) => {
			const constant = String(template).replace(WORD, '');
			if (text === undefined)
				score -= one.role === 'step' && /\{(to|choice)\}/.test(template) || constant === String(template) ? missing : 0;
			else
				score += this.pattern(String(template), '[^]*').test(String(text)) ? (constant ? 2 : 0.5) : -8;
		};
		const body = (json, there) => {
			for (const [name, value] of Object.entries(json ?? {})) {
				if (value !== null && typeof value === 'object')
					body(value, there?.[name]);
				else if (value !== null)
					weigh(value, there?.[name] === null ? undefined : there?.[name]);
			}
		};
		const own = { list: ['list'], changes: ['list'], events: ['list'], removed: ['list'], one: ['get'], create: ['create'],
			update: ['update'], delete: ['remove'], restore: ['restore'], find: ['find'], step: ['update', 'create'],
			choose: ['update', 'create'], send: ['update', 'create'], check: ['check', 'find'] }[one.role] ?? [];

		for (const [name, template] of Object.entries({ ...one.request.query, ...polled.query }))
			weigh(template, incoming.search.get(name) ?? undefined);
		body({ ...one.request.body, ...polled.body }, incoming.body);
		score += one.type === this.now.type ? 2 : 0;
		score += one.role === 'step' && [this.words[one.type]?.[one.field], '*'].includes(one.from) ? 1 : 0;
		score += own.includes(this.now.call) ? 3 : 0;
		score += this.now.since && one.role === 'changes' ? 1 : 0;
		return score;
	}

	identify(incoming) {
		const path = incoming.path.startsWith(this.base) ? incoming.path.slice(this.base.length) : incoming.path;
		const fitting = this.requests.filter((r) => r.verb === incoming.method.toLowerCase()
			&& this.pattern(r.path.split('?')[0], '[^/?]*?').test(decodeURI(path)));

		return fitting.map((r) => [this.score(r, incoming), r]).sort((a, b) => b[0] - a[0])[0]?.[1] ?? null;
	}

	// ---- ids, tables and values ----

	// What the document says of the place of {name} in a request: of all verbs there, the strictest first.
	place_schemas(request, name) {
		const { verb, path } = verb_of(request);
		const marked = this.base + path.split('?')[0].replace(WORD, (_, n) => n === name ? 'MARK' : '1');
		const own = this.document?.match(verb, marked);
		const all = own ? this.document.at(marked).filter((o) => o.template === own.template) : [];
		const found = all.flatMap((operation) => {
			const param = operation.params[operation.pattern.exec(marked).slice(1).indexOf('MARK')];
			return this.document.parameters(operation, 'path').filter((p) => p.name === param && p.schema).map((p) => p.schema);
		});
		const strict = (schema) => ['format', 'pattern'].some((word) => this.document.resolve(schema)[word]);

		return found.sort((a, b) => strict(b) - strict(a));
	}

	// The parts of a type's k-th id.
	id_parts(type, k) {
		const m = this.manifest.types[type], words = field_words(m.fields.id);

		return words.at.map((at, i) => {
			if (at === '/@each')
				return this.parent_id(m.list.each);
			const name = words.at.length > 1 ? `id.${i + 1}` : 'id';
			const parts = this.place_schemas(m.one, name);
			return words.as === 'int' ? 1000 + k : sample_id(this.document, parts, k);
		});
	}

	id(type, k = 1) {
		return this.id_parts(type, k).join(':');
	}

	parent_id(each) {
		if (!each)
			return '1001';
		return this.lookups[each] ? Object.values(this.lookups[each])[0] ?? 1001 : this.id(each);
	}

	// lookup -> word -> id; with every word that a field may want.
	tables() {
		const tables = {};

		for (const [name, json] of Object.entries(this.manifest.lookups ?? {})) {
			const words = new Set();
			for (const [type, m] of Object.entries(this.manifest.types)) {
				for (const [field, f] of Object.entries(m.fields)) {
					if (f?.lookup !== name)
						continue;
					for (const word of f.values ? Object.values(f.values).flat() : [`Some ${field}`, `Other ${field}`])
						words.add(String(word));
					for (const word of Object.entries(m.steps?.[field] ?? {}).flatMap(([k, v]) => [k, v ?? []].flat()))
						words.add(typeof word === 'object' ? Object.keys(word)[0] : String(word));
				}
			}
			words.delete('*');
			const schemas = this.answer_schemas(json, `${json.records}/0${json.id}`) ?? [];
			tables[name] = Object.fromEntries([...(words.size ? words : ['Alpha'])].map((word, i) => (
				[word, sample_id(this.document, schemas, i + 1)])));
		}
		return tables;
	}

	operation_of(request) {
		const { verb, path } = verb_of(request);

		return this.document?.match(verb, this.base + path.split('?')[0].replace(WORD, '1'));
	}

	answer_schemas(request, pointer) {
		const operation = this.operation_of(request), schema = operation && this.document.answer_schema(operation);

		return schema ? this.document.schemas_at([schema], steps_of(pointer)) : [];
	}

	// Our value in the tool's form, as it stands in a record.
	theirs(f, field, ours, word) {
		const values = f.values?.[String(ours)];
		let value = word ?? (values === undefined ? ours : first(values));

		if (f.lookup && !f.by)
			value = this.lookups[f.lookup][value] ?? value;
		if (word !== undefined || values !== undefined || f.lookup)
			return value;
		switch (field.is) {
		case 'date':
			return time_as(f.as, ours);
		case 'reference':
			return f.by === 'name' ? ours.name ?? 'Sample' : f.as === 'int' ? Number(ours.id ?? 1001) : ours.id ?? '1001';
		case 'amount of money':
			return f.as === 'minor' ? ours : f.as === 'decimal-text' ? (ours / 100).toFixed(2) : ours / 100;
		case 'number':
			return { 'decimal-text': String(ours), seconds: ours * 3600, milliseconds: ours * 3600000, minutes: ours * 60,
				clock: `${Math.floor(ours)}:${String(Math.round(ours % 1 * 60)).padStart(2, '0')}`,
				duration: `PT${Math.floor(ours)}H${Math.round(ours % 1 * 60)}M` }[f.as] ?? ours;
		case 'list of texts':
			return f.as === 'comma' ? ours.join(', ') : f.item ? ours.map((t) => put_at({}, f.item, t)) : ours;
		case 'list of lines':
			return ours.map((line) => this.fill(this.along(f.fields ?? {}, line), f.fields ?? {}, field.line, line, {}, []));
		default:
			return f.as === 'int' && /^\d+$/.test(ours) ? Number(ours) : ours;
		}
	}

	// What goes along with the fields of a line stands in it when it is read back, too.
	along(fields, line) {
		const record = {};

		for (const name of Object.keys(line)) {
			for (const [pointer, value] of Object.entries(field_words(fields[name] ?? '').with ?? {}))
				put_at(record, pointer, /^\{\w+\}$/.test(value) ? this.field_now(value.slice(1, -1)) : value);
		}
		return record;
	}

	// The value that a field of the record that is asked for has in the tool.
	field_now(name) {
		const { type } = this.now, described = this.types[type].fields.find((f) => f.name === name);
		const ours = this.docs[type]?.[name] ?? null;

		return ours === null ? null : this.theirs(field_words(this.manifest.types[type].fields[name]), described, ours);
	}

	fill(record, fields, described, doc, words, hidden) {
		for (const field of described) {
			if (fields[field.name] === undefined || fields[field.name] === null)
				continue;
			const f = field_words(fields[field.name]), ours = doc[field.name];
			const gone = ours === undefined || ours === null || hidden.includes(field.name);
			if (!f.at[0] || (gone && f.at[0].includes('=')))
				continue;
			const value = gone && !words[field.name] ? null : this.theirs(f, field, ours, words[field.name]);
			const blank = String(value ?? '').lastIndexOf(' ');
			if (f.at.length > 1 && field.is === 'reference') {
				const parts = this.id_parts(f.ref, 1);
				f.at.forEach((at, i) => at.startsWith('/@') || put_at(record, at, gone ? null : String(value).split(':')[i] ?? parts[i]));
			} else if (f.at.length > 1) {
				put_at(record, f.at[0], blank < 0 ? '' : value.slice(0, blank));
				put_at(record, f.at[1], String(value ?? '').slice(blank + 1));
			} else {
				put_at(record, f.at[0], value);
			}
		}
		return record;
	}

	record(type, like, k = 1) {
		const m = this.manifest.types[type], record = object(like);
		const ids = field_words(m.fields.id), parts = this.id_parts(type, k);

		this.fill(record, m.fields, this.types[type].fields, this.docs[type] ?? {}, this.words[type] ?? {}, this.now.hidden);
		ids.at.forEach((at, i) => at.startsWith('/@') || put_at(record, at, parts[i]));
		for (const word of ['created', 'updated']) {
			const stamp = m.fields[word] && field_words(m.fields[word]);
			if (stamp)
				put_at(record, stamp.at[0], stamp_as(stamp.as));
		}
		if (m.gone && [m.gone.is].flat().map(String).includes(String(get_at(record, m.gone.at))))
			put_at(record, m.gone.at, [m.gone.is].flat()[0] === true ? false : null);
		if (m.guard?.at && !get_at(record, m.guard.at))
			put_at(record, m.guard.at, '1');
		if (m.once?.by === 'ref' && this.now.key)
			put_at(record, m.once.to, this.now.key);
		return record;
	}

	// ---- answers ----

	// Which page of a listing: 1, 2, or 3, which is empty.
	page_number(one, incoming) {
		const page = one.page ?? {}, whole = JSON.stringify([decodeURIComponent(incoming.path), [...incoming.search], incoming.body]);
		const place = Object.entries(one.request.query ?? {}).find(([, t]) => /\{(offset|page)\}/.test(t))?.[0];
		const value = page.param?.startsWith('/') ? get_at(incoming.body, page.param) : incoming.search.get(page.param ?? place ?? '');
		const start = page.first ?? (page.by === 'page' ? 1 : 0);

		if (one.then || incoming.given || whole.includes(CURSOR))
			return 2;
		if (page.by === 'offset' && value !== null && value !== undefined)
			return Number(value) <= start ? 1 : Number(value) < start + 3 ? 2 : 3;
		if (page.by === 'page' && value !== null && value !== undefined)
			return Math.min(Number(value) - start + 1, 3);
		if ((page.by === 'cursor' || page.by === 'last_id') && page.param)
			return value === null || value === undefined || value === '' ? 1 : 2;
		return 1;
	}

	rows(one, number, like) {
		const name = one.name, m = one.type && this.manifest.types[one.type];

		if (one.role === 'lookup')
			return number > 1 ? [] : Object.entries(this.lookups[name]).map(([word, id]) => {
				const row = object(like), names = [one.request.name].flat();
				names.forEach((at, i) => put_at(row, at, i ? '' : word));
				return put_at(row, one.request.id, id);
			});
		const which = one.role === 'find' ? [[1], [], []] : [[1, 2], [3], []];
		return which[number - 1].map((k) => {
			if (one.role === 'removed' && one.request.id)
				return put_at(object(like), one.request.id, this.id(one.type, 6 + k));
			if (one.role !== 'events')
				return this.record(one.type, like, k);
			const event = put_at(object(like), m.changes.event ?? '/id', `50${k}`);
			if (m.changes.at)
				put_at(event, m.changes.at, stamp_as(field_words(m.fields.updated ?? m.fields.created ?? {}).as));
			return put_at(event, m.changes.id, this.id(one.type, k));
		});
	}

	// Other lookups that are read out of the same answer.
	beside(one) {
		const asked = (r) => JSON.stringify([r.verb, r.path, r.request.query, r.request.body]);

		return this.requests.filter((r) => r.role === 'lookup' && r.name !== one.name && asked(r) === asked(one)
			&& r.request.records !== one.request.records);
	}

	listing(one, incoming, example) {
		const page = one.page ?? { by: 'none' }, number = this.page_number(one, incoming), headers = {};
		const like = get_at(example, `${one.request.records}/0`);
		const far = FAR.test(JSON.stringify([[...incoming.search], incoming.body, incoming.headers['if-modified-since'] ?? '']));
		const rows = far || ((one.role === 'removed') && number > 1) ? [] : this.rows(one, number, like);
		const more = number === 1 && !far && one.role !== 'lookup' && one.role !== 'find' && page.by !== 'none';
		let answer = example && typeof example === 'object' ? structuredClone(example) : {};

		for (const row of rows) {
			for (const [at, want] of Object.entries(one.request.only ?? {}))
				put_at(row, at, want === null ? null : first(want));
		}
		answer = put_at(Array.isArray(answer) && one.request.records ? {} : answer, one.request.records, rows);
		for (const other of one.role === 'lookup' && !far ? this.beside(one) : [])
			put_at(answer, other.request.records, this.rows(other, number, get_at(example, `${other.request.records}/0`)));
		const link = `${incoming.whole}${incoming.whole.includes('?') ? '&' : '?'}${NEXT}=2`;
		if (page.by === 'link' && !page.next && more)
			headers.Link = `<http://${incoming.headers.host}${link}>; rel="next"`;
		if (page.next)
			put_at(answer, page.next, !more ? null : page.by === 'link' ? `http://${incoming.headers.host}${link}`
				: this.cursor(one, page));
		for (const [word, value] of [['more', more], ['last', !more], ['pages', far ? 1 : 2],
			['total', far ? 0 : one.role === 'lookup' || one.role === 'find' ? rows.length : 3]]) {
			if (page[word])
				put_at(answer, page[word], value);
		}
		return { answer, headers };
	}

	// A cursor that the document accepts where the next request will have it.
	cursor(one, page) {
		const operation = this.operation_of(page.then ?? one.request);
		const param = operation && this.document.parameters(operation, 'query').find((p) => p.name === page.param)?.schema;
		const inside = operation && page.param?.startsWith('/') && this.document.body_schema(operation)
			&& this.document.schemas_at([this.document.body_schema(operation)], steps_of(page.param))?.[0];
		const schema = this.document?.resolve(param || inside || {}) ?? {};

		return schema.type || schema.format || schema.pattern
			? (schema.type === 'string' && !schema.format && !schema.pattern ? CURSOR : sample_id(this.document, [schema], 8)) : CURSOR;
	}

	// A step was taken: by a request of its own, or with the record.
	move(one, incoming) {
		const words = this.words[one?.type], m = this.manifest.types[one?.type];

		if (one?.role === 'step' && words)
			words[one.field] = one.to === '*' ? this.now.to ?? words[one.field] : one.to;
		for (const field of one?.role === 'update' ? Object.keys(m.steps ?? {}) : []) {
			const f = field_words(m.fields[field]), value = get_at(incoming.body, (one.request.wrap ?? '') + f.to);
			const table = Object.entries(this.lookups[f.lookup] ?? {}).find(([, id]) => String(id) === String(value));
			if (words && value !== undefined)
				words[field] = f.lookup ? table?.[0] : String(value);
		}
	}

	// The answer to `incoming`, made from the judge's `example`: { answer, headers }.
	reply(one, incoming, example) {
		this.move(one, incoming);
		const headers = { ETag: '"1"' }, m = one?.type && this.manifest.types[one.type];
		let answer = example && typeof example === 'object' ? structuredClone(example) : {};
		const put = (at, value) => { answer = put_at(Array.isArray(answer) && at ? {} : answer, at, value); };

		const writes = ['create', 'update', 'delete', 'restore', 'send', 'step'].includes(one?.role);
		if (writes && this.now.pending) {
			Object.assign(this.docs[this.now.type] ??= {}, this.now.pending.doc);
			this.now.hidden = this.now.hidden.filter((f) => !(f in (this.now.pending.doc ?? {})));
		}
		switch (one?.role) {
		case 'check':
			if (one.request.me && [undefined, null, ''].includes(get_at(answer, one.request.me)))
				put(one.request.me, 'me');
			break;
		case 'login':
			put(one.request.token, 'session');
			break;
		case 'lookup': case 'list': case 'changes': case 'events': case 'removed':
			return this.listing(one, incoming, example);
		case 'find':
			if (one.request.records !== undefined)
				return this.listing(one, incoming, example);
			// falls through
		case 'one': case 'create': case 'update': case 'restore': {
			const at = one.request.record ?? m.one.record ?? '', returns = one.request.returns ?? 'record';
			if (one.role === 'one' || one.role === 'find' || returns === 'record')
				put(at, this.record(one.type, get_at(example, at)));
			else if (returns === 'id' && one.request.id !== undefined)
				put(one.request.id, this.id_parts(one.type, 1).at(-1));
			else if (returns === 'id')
				field_words(m.fields.id).at.forEach((p, i) => p.startsWith('/@') || put(p, this.id_parts(one.type, 1)[i]));
			break;
		}
		case 'choose': {
			const row = object(get_at(example, `${one.request.records}/0`)), names = [one.request.name].flat();
			names.forEach((at, i) => put_at(row, at, i ? '' : this.now.to ?? one.to));
			put(one.request.records, [put_at(row, one.request.id, get_at(row, one.request.id) ?? '31')]);
			break;
		}
		}
		return { answer, headers };
	}

	// What the manifest reads out of the answer to `one`: pointers.
	reads(one) {
		const m = one?.type && this.manifest.types[one.type], r = one?.request ?? {};
		const fields = (under) => Object.values(m.fields).filter(Boolean).flatMap((f) => field_words(f).at)
			.filter((at) => !at.startsWith('/@')).map((at) => under + at);
		const page = one?.page ? ['next', 'more', 'last', 'total', 'pages'].map((w) => one.page[w]).filter(Boolean) : [];

		switch (one?.role) {
		case 'check':
			return r.me ? [r.me] : [];
		case 'lookup':
			return [r.id, ...[r.name].flat()].map((at) => `${r.records}/0${at}`).concat(page);
		case 'list': case 'changes':
			return fields(`${r.records}/0`).concat(page);
		case 'one':
			return fields(r.record ?? '');
		case 'create': case 'update':
			return (r.returns ?? 'record') === 'record' ? fields(r.record ?? m.one.record ?? '') : [];
		default:
			return [];
		}
	}
}
