// SPDX-License-Identifier: Apache-2.0
// Which calls are made on a tool, in which order, with what in them.

const SAMPLES = {
	name: ['Ada Lovelace', 'Ada King'], title: ['Engine drawings', 'Engine drawings, second part'],
	number: ['A-1001', 'A-1002'], description: ['Drawings', 'Drawings and notes'],
	country: ['DE', 'FR'], currency: ['EUR', 'USD'], vat_id: ['DE123456789', 'FR12345678901'],
	zip: ['10115', '75001'], city: ['Berlin', 'Paris'], code: ['alpha', 'beta'], unit: ['hour', 'day'],
};
const KINDS = {
	'e-mail address': ['ada@example.com', 'king@example.com'], 'phone number': ['+49 30 1234567', '+33 1 23456789'],
	URL: ['https://example.com', 'https://example.org'], date: ['2026-11-23', '2026-11-30'], 'true or false': [true, false],
	'amount of money': [123400, 125000], number: [2, 3.5], 'list of texts': [['alpha', 'beta'], ['gamma']],
};

// A value in our form; which: 0 or 1.
function sample(field, which, twin, f) {
	if (field.choices) {
		const known = f?.values ? field.choices.filter((c) => c in f.values) : field.choices;
		return known[which % known.length] ?? field.choices[0];
	}
	if (f?.values)
		return typed(field, Object.keys(f.values)[which] ?? Object.keys(f.values)[0]);
	if (field.is === 'reference')
		return twin.manifest.types[field.ref] ? { id: twin.id(field.ref), name: 'Sample' } : { name: 'Sample' };
	if (field.is === 'list of lines') {
		const lines = [0, 1].slice(0, 2 - which).map((i) => Object.fromEntries(field.line.map((part) => (
			[part.name, sample(part, i, twin, f?.fields?.[part.name])]))));
		if (field.line.some((part) => part.name === 'amount'))
			lines.push({ ...lines[0], amount: -lines.reduce((sum, line) => sum + line.amount, 0) });
		return lines;
	}
	if (f?.lookup)
		return `${which ? 'Other' : 'Some'} ${field.name}`;
	return SAMPLES[field.name]?.[which] ?? KINDS[field.is]?.[which] ?? `${which ? 'Other' : 'Some'} ${field.name}`;
}

const typed = (field, text) => field.is === 'true or false' ? text === 'true' : text;

// Whether a field has requests of its own.
const apart = (f) => f?.write === 'step' || (f?.send && (f.write ?? 'always') === 'always');

export class Plan {
	constructor(twin) {
		this.twin = twin;
	}

	doc(type, which = 0, only = () => true) {
		const fields = this.twin.manifest.types[type.type].fields;

		return Object.fromEntries(type.fields.filter((f) => only(f, fields[f.name]))
			.map((f) => [f.name, sample(f, which, this.twin, fields[f.name])]));
	}

	// Where a request is possible only in some states, the record is in one of them.
	ready(type, request, doc) {
		const own = Object.entries(request?.when ?? {}).map(([field, values]) => [field, [values].flat()[0]]);

		return { ...doc, ...Object.fromEntries(own) };
	}

	* reading(type) {
		const doc = this.doc(type);
		const yesterday = new Date(Date.now() - 86400000).toISOString().replace(/\.\d+/, '');

		yield { what: 'list', begin: { doc }, call: { call: 'list', cursor: null } };
		yield { what: 'list since', begin: { doc }, call: { call: 'list', cursor: yesterday } };
		yield { what: 'get', begin: { doc }, call: { call: 'get', id: this.twin.id(type.type) } };
	}

	* creating(type) {
		const m = this.twin.manifest.types[type.type], fields = m.fields;
		if (!m.create)
			return;
		const needed = (f, own) => f.creates && (f.required || own?.need);
		const ago_ms = m.once.keep ? 4e10 : 60000;
		for (const [what, only] of [['create', (f) => f.creates], ['create, least', needed]]) {
			const doc = this.doc(type, 0, only), key = `seamfs-${type.type}-${what.length}-0123456789abcdef`;
			const hidden = Object.keys(doc).filter((name) => apart(fields[name]) && fields[name].write !== 'step');
			yield { what, begin: { doc: { ...doc }, hidden, pending: { doc } }, call: { call: 'create', doc, key } };
			// A tool that knows our key is asked only when it may have forgotten it.
			if (m.once.find || m.once.by === 'id')
				yield { what: `find, after ${what}`, begin: { doc: { ...doc } }, call: { call: 'find', doc, key, ago_ms } };
		}
	}

	update(type, what, changes, more = {}) {
		const m = this.twin.manifest.types[type.type], apart_only = Object.keys(changes).every((n) => apart(m.fields[n]));
		const base = this.ready(type, apart_only ? null : m.update, { ...this.doc(type), ...more.base });

		return { what: `update ${what}`, begin: { doc: { ...base }, pending: { doc: changes }, words: more.words },
			call: { call: 'update', id: this.twin.id(type.type), changes, base } };
	}

	* updating(type) {
		const m = this.twin.manifest.types[type.type];
		const writable = type.fields.filter((f) => f.writes);

		for (const field of writable) {
			const f = m.fields[field.name];
			if (field.name in (m.steps ?? {}))
				continue;
			const choices = field.choices?.filter((c) => !f?.values || c in f.values);
			for (const value of choices ?? [sample(field, 1, this.twin, f)])
				yield this.update(type, `${field.name}${choices ? ` = ${value}` : ''}`, { [field.name]: value });
			if (!choices && !field.required && !f?.need && f?.clear !== false && !(apart(f) && f.empty === undefined))
				yield this.update(type, `${field.name} = nothing`, { [field.name]: null });
		}
		const all = this.doc(type, 1, (f, own) => f.writes && !(f.name in (m.steps ?? {})) && !apart(own));
		if (Object.keys(all).length > 1)
			yield this.update(type, 'all', all);
	}

	// A graph of states: { ours(word), words, next(word) }.
	graph(type, field) {
		const m = this.twin.manifest.types[type.type], f = m.fields[field], graph = m.steps[field];
		const entries = Object.entries(f.values ?? {}).map(([ours, theirs]) => [ours, [theirs].flat().map(String)]);
		const choices = type.fields.find((t) => t.name === field).choices ?? [];
		const own = f.values ? entries.map(([, theirs]) => theirs[0]) : choices;
		const words = [...new Set([...own, ...Object.keys(graph)])].filter((w) => w !== '*');
		const next = (word) => {
			const follow = graph[word] ?? graph['*'] ?? [];
			const names = Array.isArray(follow) || typeof follow !== 'object' ? [follow].flat().map(String) : Object.keys(follow);
			return [...new Set(names.flatMap((n) => n === '*' ? words : [n]))].filter((n) => n !== word);
		};
		const ours = (word) => !f.values ? word
			: (entries.find(([, t]) => t.includes(word)) ?? entries.find(([, t]) => t.includes('*')))?.[0];

		return { words, next, ours };
	}

	// Every edge of every graph, the record in the state that it begins with; then every longer way.
	* moving(type) {
		for (const field of Object.keys(this.twin.manifest.types[type.type].steps ?? {})) {
			const { words, next, ours } = this.graph(type, field);
			for (const from of words) {
				const near = next(from), money = type.type === 'payment' || type.fields.some((f) => f.name === 'lines');
				// What a customer sees of such a record is never passed through (steps.c).
				const leads_to = (to) => {
					const reached = [from];
					for (const word of reached) {
						if (!money || [ours(from), ours(to)].includes(ours(word)))
							reached.push(...next(word).filter((w) => !reached.includes(w)));
					}
					return reached.includes(to);
				};
				const done = new Set([ours(from), undefined]);
				for (const to of [...near, ...words.filter((w) => w !== from && !near.includes(w) && leads_to(w))]) {
					if (done.has(ours(to)))
						continue;
					if (!near.includes(to))
						done.add(ours(to));
					const step = this.update(type, `${field}: ${from} -> ${to}${near.includes(to) ? '' : ', by others'}`,
						{ [field]: ours(to) }, { words: { [field]: from }, base: { [field]: ours(from) } });
					yield { ...step, to };
				}
			}
		}
	}

	* removing(type) {
		const m = this.twin.manifest.types[type.type];
		const doc = this.ready(type, m.delete, this.doc(type));

		if (m.delete)
			yield { what: 'remove', begin: { doc }, call: { call: 'remove', id: this.twin.id(type.type) } };
		if (m.restore)
			yield { what: 'restore', begin: { doc }, call: { call: 'restore', id: this.twin.id(type.type) } };
	}

	* calls() {
		yield { what: 'check', begin: {}, call: { call: 'check' } };
		for (const type of Object.values(this.twin.types)) {
			for (const part of ['reading', 'creating', 'updating', 'moving', 'removing']) {
				for (const one of this[part](type)) {
					one.begin = { ...one.begin, type: type.type, call: one.call.call, key: one.call.key, to: one.to,
						since: Boolean(one.call.cursor) };
					one.call.type = type.type;
					yield one;
				}
			}
		}
	}
}
