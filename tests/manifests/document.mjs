// SPDX-License-Identifier: Apache-2.0
// A vendor's OpenAPI document: read from one or several files, made into one that the judge (Steady) can serve, and asked
// what Steady does not look at: names that the document does not have, and credentials.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const VERBS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];

const parts_of = (pointer) => pointer.split('/').slice(1).map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'));
const escaped = (part) => part.replace(/~/g, '~0').replace(/\//g, '~1');

function read(file, need) {
	const text = fs.readFileSync(file, 'utf8');

	if (/^\s*\{/.test(text))
		return JSON.parse(text);
	const yaml = need('js-yaml');
	return yaml.load(text, { schema: yaml.CORE_SCHEMA, json: true });
}

async function as_openapi3(root, need) {
	if (!root.swagger)
		return root;
	const converted = await need('swagger2openapi').convertObj(root, {
		patch: true, warnOnly: true, resolve: false, resolveInternal: false,
	});
	return converted.openapi;
}

// Calls `change` with every object that has a "$ref"; cycles are walked once.
function each_reference(node, change, seen = new Set()) {
	if (node === null || typeof node !== 'object' || seen.has(node))
		return;
	seen.add(node);
	if (typeof node.$ref === 'string')
		change(node);
	for (const child of Object.values(node))
		each_reference(child, change, seen);
}

// Several files become one document: the components of the n-th are called N_NAME, its paths get its prefix.
class Merger {
	constructor(need) {
		this.need = need;
		this.marks = new Map(); // file -> what its components' names begin with
		this.loaded = new Map(); // file -> what is in it
		this.served = new Set(); // files whose paths are in the result
		this.shapes = new Map(); // path without the names of its parameters -> path
		this.result = { openapi: '3.0.3', info: { title: '', version: '' }, paths: {}, components: {} };
	}

	mark(file) {
		if (!this.marks.has(file))
			this.marks.set(file, `${this.marks.size}_`);
		return this.marks.get(file);
	}

	// Logins are named by every operation, without a "$ref".
	named(kind, mark, name) {
		return kind === 'securitySchemes' ? name : mark + name;
	}

	// A file that another one only refers to gives its components, and its paths when it is added itself.
	async add(file, prefix = '') {
		const root = await this.load(file);

		if (this.served.has(file))
			return;
		this.served.add(file);
		for (const [template, item] of Object.entries(root.paths ?? {}))
			this.add_path(prefix + template, item, root);
	}

	async load(file) {
		if (this.loaded.has(file))
			return this.loaded.get(file);
		const mark = this.mark(file);
		const root = await as_openapi3(read(file, this.need), this.need);
		const others = [];
		this.loaded.set(file, root);

		each_reference(root, (node) => this.rename(node, file, root, mark, others));
		if (String(root.openapi).startsWith('3.1'))
			this.result.openapi = '3.1.0';
		this.result.info.title ||= root.info?.title ?? '';
		this.result.info.version ||= String(root.info?.version ?? '');
		for (const [kind, all] of Object.entries(root.components ?? {})) {
			const to = this.result.components[kind] ??= {};
			for (const [name, one] of Object.entries(all ?? {}))
				to[this.named(kind, mark, name)] = one;
		}
		for (const other of others)
			await this.load(other);
		return root;
	}

	add_path(template, item, root) {
		const plain = template.replace(/[?#].*$/, '').replace(/(.)\/$/, '$1'), shape = plain.replace(/\{[^}]*\}/g, '{}');
		const known = this.shapes.get(shape) ?? plain, to = this.result.paths[known] ??= {};
		const names = (path) => [...path.matchAll(/\{([^}]*)\}/g)].map((m) => m[1]);

		this.shapes.set(shape, known);
		for (const verb of VERBS) {
			if (!item[verb])
				continue;
			to[verb] ??= this.operation(item[verb], item, root, names(plain), names(known));
			to[verb]['x-slash'] ||= /.\/([?#]|$)/.test(template);
		}
	}

	// An operation with everything it inherits. Header parameters that OpenAPI itself tells to ignore are left out, and every
	// operation is given a success, without which Steady does not serve the document. The parameters of its path get the
	// names that another file has given them.
	operation(own, item, root, names, known) {
		const parameters = new Map(), ignored = ['accept', 'content-type', 'authorization'];

		for (const p of [...(item.parameters ?? []), ...(own.parameters ?? [])]) {
			const [, kind, name] = /^#\/components\/([^/]+)\/(.*)$/.exec(p.$ref ?? '') ?? [];
			let one = name ? this.result.components[kind]?.[name] ?? p : p;
			if (one.in === 'path' && names.includes(one.name))
				one = { ...one, name: known[names.indexOf(one.name)] };
			if (one.in !== 'header' || !ignored.includes(one.name?.toLowerCase()))
				parameters.set(`${one.in} ${one.name} ${one.$ref ?? ''}`, one);
		}
		const op = { ...own, parameters: [...parameters.values()], security: own.security ?? root.security };
		const responses = op.responses ?? {};
		if (!Object.keys(responses).some((s) => /^2/.test(s)))
			op.responses = { 200: { description: 'ok' }, ...responses };
		if (!op.security)
			delete op.security;
		return op;
	}

	rename(node, file, root, mark, others) {
		const [where, pointer = ''] = node.$ref.split('#');

		if (!where) {
			const at = parts_of(pointer);
			if (at[0] === 'components' && at.length > 2) {
				if (root.components?.[at[1]]?.[at[2]] === undefined)
					this.missing(node);
				else
					node.$ref = `#/components/${at[1]}/${[this.named(at[1], mark, at[2]), ...at.slice(3)].map(escaped).join('/')}`;
			} else {
				const target = at.reduce((o, p) => o?.[p], root);
				delete node.$ref;
				Object.assign(node, target && !target.$ref ? target : {});
			}
			return;
		}
		// Another file of the same folder, by whatever address the vendor gives it.
		const base = path.basename(where), own = path.basename(file).replace(/[^-]*$/, '');
		const other = [base, own + base].map((n) => path.join(path.dirname(file), n)).find((n) => fs.existsSync(n));
		if (!other) {
			this.missing(node);
			return;
		}
		const at = parts_of(pointer);
		others.push(other);
		node.$ref = `#/components/${at[1]}/${escaped(this.named(at[1], this.mark(other), at[2]))}`;
	}

	// What a document refers to and does not have may be anything.
	missing(node) {
		for (const key of Object.keys(node))
			delete node[key];
	}
}

// What a form carries is judged as the JSON that it stands for.
function allow_json_for_forms(root) {
	for (const item of Object.values(root.paths)) {
		for (const op of Object.values(item)) {
			const content = op.requestBody?.content;
			const form = content?.['application/x-www-form-urlencoded'];

			if (form && !content['application/json']) {
				op['x-form-only'] = true;
				content['application/json'] = { schema: form.schema };
			}
		}
	}
}

function pattern_of(template) {
	const text = template.split(/(\{[^}]*\})/).map((p) => p.startsWith('{') ? '([^/]+?)'
		: p.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('');

	return new RegExp(`^${text}$`);
}

export class Document {
	// files: [{ file, prefix }], the first answers for title and version. base: a file whose require() finds the packages.
	static async load(files, base) {
		const need = createRequire(base), merger = new Merger(need);

		for (const { file, prefix } of files)
			await merger.add(file, prefix);
		return new Document(merger.result);
	}

	constructor(root) {
		this.root = root;
		allow_json_for_forms(root);
		this.operations = [];
		for (const [template, item] of Object.entries(root.paths)) {
			const params = [...template.matchAll(/\{([^}]*)\}/g)].map((m) => m[1]);
			for (const [verb, op] of Object.entries(item))
				this.operations.push({ verb, template, params, pattern: pattern_of(template), op });
		}
		// What is named outright wins over what any word fits.
		this.operations.sort((a, b) => a.params.length - b.params.length || b.template.length - a.template.length);
	}

	// All operations at a path. One that a document ends with "/" may be asked for with it, and without.
	at(pathname) {
		const plain = pathname.replace(/(.)\/$/, '$1');

		return this.operations.filter((o) => o.pattern.test(plain) && (plain === pathname || o.op['x-slash']));
	}

	match(method, pathname) {
		return this.at(pathname).find((o) => o.verb === method.toLowerCase());
	}

	verbs(pathname) {
		return this.at(pathname).map((o) => o.verb.toUpperCase());
	}

	resolve(node) {
		for (let depth = 0; node?.$ref && depth < 20; depth++)
			node = parts_of(node.$ref.slice(1)).reduce((o, p) => o?.[p], this.root);
		return node ?? {};
	}

	parameters(operation, place) {
		return operation.op.parameters.map((p) => this.resolve(p)).filter((p) => p.in === place);
	}

	body_schema(operation) {
		const content = this.resolve(operation.op.requestBody).content ?? {};
		const type = Object.keys(content).find((t) => /json|\*\/\*/.test(t));

		return type && content[type].schema;
	}

	answer_schema(operation) {
		const responses = operation.op.responses;
		const status = Object.keys(responses).filter((s) => /^2/.test(s)).sort()[0];
		const content = this.resolve(responses[status]).content ?? {};
		const type = Object.keys(content).find((t) => /json|\*\/\*/.test(t));

		return type && content[type].schema;
	}

	// The members that an object of this schema may have: { names: Map(name -> schemas), open, items: schemas }.
	members(schema, seen = new Set()) {
		const all = { names: new Map(), open: false, items: [], any: true };

		schema = this.resolve(schema);
		if (seen.has(schema))
			return all;
		seen.add(schema);
		if (schema.additionalProperties || schema.patternProperties)
			all.open = true;
		if (schema.type || schema.properties || schema.items || schema.enum)
			all.any = false;
		for (const [name, one] of Object.entries(schema.properties ?? {}))
			all.names.set(name, [...(all.names.get(name) ?? []), one]);
		if (schema.items)
			all.items.push(schema.items);
		for (const word of ['allOf', 'anyOf', 'oneOf']) {
			for (const branch of schema[word] ?? []) {
				const more = this.members(branch, seen);
				all.open ||= more.open;
				all.any &&= more.any;
				all.items.push(...more.items);
				for (const [name, list] of more.names)
					all.names.set(name, [...(all.names.get(name) ?? []), ...list]);
			}
		}
		if (schema.additionalProperties === false)
			all.open = false;
		else if (all.names.size === 0 && (all.any || [schema.type].flat().includes('object')))
			all.open = true;
		return all;
	}

	both(schemas) {
		const all = { names: new Map(), open: schemas.length === 0, items: [] };

		for (const schema of schemas) {
			const more = this.members(schema);
			all.open ||= more.open;
			all.items.push(...more.items);
			for (const [name, list] of more.names)
				all.names.set(name, [...(all.names.get(name) ?? []), ...list]);
		}
		return all;
	}

	// Names in a value that the schemas do not have: ["body.data.bogus"].
	unknown_names(value, schemas, at) {
		if (value === null || typeof value !== 'object' || schemas.length === 0)
			return [];
		const known = this.both(schemas);
		if (Array.isArray(value)) {
			return known.items.length ? value.flatMap((v, i) => this.unknown_names(v, known.items, `${at}.${i}`)) : [];
		}
		return Object.entries(value).flatMap(([name, one]) => {
			const inner = known.names.get(name);
			if (inner)
				return this.unknown_names(one, inner, `${at}.${name}`);
			return known.open ? [] : [`${at}.${name}`];
		});
	}

	// The schemas at a place of an answer; [] where it may be anything, null where the document has no such place.
	schemas_at(schemas, steps) {
		for (const step of steps) {
			if (schemas.length === 0)
				return [];
			const known = this.both(schemas);
			if (known.names.has(step))
				schemas = known.names.get(step);
			else if (known.items.length && (/^\d+$/.test(step) || step.includes('=')))
				schemas = known.items;
			else
				return known.open ? [] : null;
		}
		return schemas;
	}

	query_problems(operation, search) {
		const known = new Map(this.parameters(operation, 'query').map((p) => [p.name, p]));
		const secrets = Object.values(this.root.components.securitySchemes ?? {}).filter((s) => s.in === 'query');

		for (const scheme of secrets)
			known.set(scheme.name, {});
		return [...new Set([...search.keys()])].flatMap((name) => {
			const [, outer, inner] = /^([^[]+)\[([^\]]*)\]/.exec(name) ?? [];
			if (known.has(name) || known.has(`${name}[]`) || (outer && known.has(`${outer}[]`)))
				return [];
			if (!outer || !known.has(outer))
				return [{ place: `query.${name}`, text: 'the document has no such query parameter' }];
			if (inner === '' || /^\d+$/.test(inner))
				return [];
			const members = this.members(known.get(outer).schema ?? {});
			return members.open || members.names.has(inner) ? []
				: [{ place: `query.${name}`, text: `the document has no "${inner}" in the query parameter "${outer}"` }];
		});
	}

	body_problems(operation, body) {
		const schema = this.body_schema(operation);

		if (body !== undefined && !operation.op.requestBody && Object.keys(body ?? {}).length)
			return [{ place: 'body', text: 'the document has no body for this request' }];
		if (!schema || body === undefined)
			return [];
		return this.unknown_names(body, [schema], 'body').map((place) => (
			{ place, text: 'the document has no such member here' }));
	}

	// Whether one of the ways to log in that the document names is taken.
	security_problems(operation, headers, search) {
		const schemes = this.root.components.securitySchemes ?? {};
		const given = (name) => {
			const scheme = this.resolve(schemes[name]), auth = headers.authorization ?? '';
			if (scheme.type === 'apiKey' && scheme.in === 'query')
				return search.has(scheme.name);
			if (scheme.type === 'apiKey' && scheme.in === 'header')
				return headers[scheme.name.toLowerCase()] !== undefined;
			if (scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'basic')
				return /^Basic /.test(auth);
			return scheme.in === 'cookie' || auth !== '';
		};
		const ways = operation.op.security;
		if (!ways?.length || ways.some((w) => Object.keys(w).every(given)))
			return [];
		const names = ways.map((w) => Object.keys(w).join('+')).join(', ');
		return [{ place: 'credentials', text: `none of the logins of the document: ${names}` }];
	}

	// A form as JSON, each value as the schema wants it: "lines[0][text]=…".
	form_value(operation, text) {
		const result = {};

		for (const [name, value] of new URLSearchParams(text)) {
			const steps = [...name.matchAll(/^[^[]+|\[([^\]]*)\]/g)].map((m) => m[1] ?? m[0]);
			put(result, steps, value);
		}
		return this.typed(listed(result), [this.body_schema(operation) ?? {}]);
	}

	typed(value, schemas) {
		const known = this.both(schemas);

		if (Array.isArray(value))
			return value.map((v) => this.typed(v, known.items));
		if (value !== null && typeof value === 'object')
			return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, this.typed(v, known.names.get(k) ?? [])]));
		const types = schemas.flatMap((s) => this.types(s));
		if (/^-?\d+(\.\d+)?$/.test(value) && (types.includes('number') || (types.includes('integer') && !value.includes('.'))))
			return Number(value);
		return types.includes('boolean') && /^(true|false)$/.test(value) ? value === 'true' : value;
	}

	types(schema) {
		const own = this.resolve(schema);

		return [own.type ?? [], ...['allOf', 'anyOf', 'oneOf'].flatMap((w) => (own[w] ?? []).map((s) => this.types(s)))].flat(3);
	}
}

function put(object, steps, value) {
	const last = steps.at(-1);

	for (const [i, step] of steps.slice(0, -1).entries())
		object = object[step === '' ? Object.keys(object).length : step] ??= i < steps.length ? {} : value;
	object[last === '' ? Object.keys(object).length : last] = value;
}

// Objects whose names are 0, 1, 2 … are lists.
function listed(value) {
	if (value === null || typeof value !== 'object')
		return value;
	const keys = Object.keys(value), all = keys.map((k) => listed(value[k]));
	return keys.length && keys.every((k, i) => k === String(i)) ? all : Object.fromEntries(keys.map((k, i) => [k, all[i]]));
}
