// SPDX-License-Identifier: Apache-2.0
// A manifest as the judge needs it: read, made ready for a tool on loopback, and taken apart into its requests.
import fs from 'node:fs';

const VERBS = ['get', 'post', 'put', 'patch', 'delete'];

export function read_manifest(file) {
	const text = fs.readFileSync(file, 'utf8').replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*/g, (_, string) => string ?? '');

	return JSON.parse(text);
}

export function verb_of(request) {
	const verb = VERBS.find((v) => typeof request?.[v] === 'string');

	return verb && { verb, path: request[verb] };
}

// {name} in a template: of the engine, of a setting, or of what a login keeps, which has the vendor's name.
export const WORD = /\{([A-Za-z0-9_.]+)\}/g;

const names_in = (template) => [...template.matchAll(WORD)].map((m) => m[1]);

// The path that every request begins with, whatever host the settings name.
function base_path(manifest, kept) {
	const starts = names_in(manifest.http.base.match(/^\{[^}]*\}/)?.[0] ?? '');
	const value = (name) => starts.includes(name) ? 'https://tool.example'
		: kept[name] ?? manifest.settings?.[name]?.default ?? 'judge';
	const url = new URL(manifest.http.base.replace(WORD, (_, name) => value(name)));

	return url.pathname.replace(/\/$/, '');
}

/*
 * The manifest without what depends on a real vendor: the pace of its limits, and a login in a browser, in whose place a
 * token is simply there. Also the tool's object of stack.json, and the secrets' files beside it.
 */
export function adapt(name, original, port, own = {}) {
	const manifest = structuredClone(original), oauth = manifest.http.auth?.oauth2, kept = {};
	const config = { connector: name }, files = {};

	delete manifest.limits;
	if (oauth) {
		manifest.settings = { ...manifest.settings, judge_token: { label: 'Token', secret: true } };
		for (const word of Object.keys(oauth.keep ?? {})) {
			manifest.settings[word] = { label: word };
			kept[word] = own[word] ?? '1001';
		}
		delete manifest.http.auth;
		manifest.http.headers = { ...manifest.http.headers, Authorization: `${oauth.scheme ?? 'Bearer'} {judge_token}` };
		for (const unused of ['client_id', 'client_secret', oauth.key]) {
			if (unused && !JSON.stringify([manifest.http, manifest.types, manifest.check]).includes(`{${unused}}`))
				delete manifest.settings[unused];
		}
	}
	config.base = `http://127.0.0.1:${port}${base_path(manifest, kept)}`;
	for (const [word, setting] of Object.entries(manifest.settings ?? {})) {
		if (setting.secret) {
			files[`${word}.secret`] = `secret-${word}`;
			config[word] = { file: `${word}.secret` };
		} else {
			config[word] = own[word] ?? kept[word] ?? setting.default
				?? (manifest.http.base.startsWith(`{${word}}`) ? 'https://tool.example' : '1001');
		}
	}
	return { manifest, config, files, base: new URL(config.base).pathname.replace(/\/$/, '') };
}

// A field's words: { at, to, as, … }; `at` is a list.
export function field_words(json) {
	const words = typeof json === 'string' || Array.isArray(json) ? { at: json } : json;

	return { ...words, at: [words.at ?? []].flat(), to: words.to ?? [words.at ?? []].flat()[0] };
}

function steps_of(type, manifest_type) {
	const all = [];

	for (const [field, graph] of Object.entries(manifest_type.steps ?? {})) {
		for (const [from, follow] of Object.entries(graph)) {
			if (follow === null || typeof follow !== 'object' || Array.isArray(follow))
				continue;
			for (const [to, way] of Object.entries(follow)) {
				for (const request of [way ?? []].flat()) {
					all.push({ role: 'step', type, field, from, to, request });
					if (request.choose)
						all.push({ role: 'choose', type, field, from, to, request: request.choose });
				}
			}
		}
	}
	return all;
}

function of_type(type, m, page) {
	const listing = (role, request) => request && verb_of(request)
		? [{ role, type, request, page: request.page ?? m.page ?? page }] : [];
	const plain = (role, request) => request && verb_of(request) ? [{ role, type, request }] : [];
	const find = m.once?.find;

	return [
		...listing('list', m.list),
		...listing(m.changes?.by === 'events' ? 'events' : 'changes', m.changes?.list),
		...listing('removed', m.removed),
		...(find?.records !== undefined ? listing('find', find) : plain('find', find)),
		...['one', 'create', 'update', 'delete', 'restore'].flatMap((role) => plain(role, m[role])),
		...Object.entries(m.fields).flatMap(([field, f]) => plain('send', f?.send).map((r) => ({ ...r, field }))),
		...steps_of(type, m),
	];
}

// Everything that the manifest may send: { role, type, name, field, request, page, then }.
export function requests_of(manifest) {
	const all = [{ role: 'check', request: manifest.check }];

	if (manifest.http.auth?.login)
		all.push({ role: 'login', request: manifest.http.auth.login });
	for (const [name, request] of Object.entries(manifest.lookups ?? {}))
		all.push({ role: 'lookup', name, request, page: request.page });
	for (const [type, m] of Object.entries(manifest.types))
		all.push(...of_type(type, m, manifest.page));
	for (const one of [...all]) {
		if (one.page?.then)
			all.push({ ...one, request: { ...one.request, ...one.page.then, then: true }, then: true });
	}
	return all.map((one) => ({ ...one, ...verb_of(one.then ? one.page.then : one.request) }));
}
