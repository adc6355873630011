// SPDX-License-Identifier: Apache-2.0
// A GraphQL schema served by graphql-yoga, every value made up. What it says of a request is the verdict.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

function value_of(graphql, type, depth = 0) {
	if (graphql.isNonNullType(type))
		return value_of(graphql, type.ofType, depth);
	if (graphql.isListType(type))
		return [value_of(graphql, type.ofType, depth)];
	if (graphql.isEnumType(type))
		return type.getValues()[0].value;
	if (graphql.isAbstractType(type) || graphql.isObjectType(type))
		return {};
	return { Int: 1, Float: 1.5, Boolean: false, ID: '00000000-0000-4000-8000-000000000001', DateTime: '2026-11-23T10:00:00.000Z',
		TimelessDate: '2026-11-23' }[type.name] ?? 'text';
}

// Serves the schema in @file on a free port of loopback: { port, close, check(body) }.
export async function serve(file, base) {
	const need = createRequire(base), graphql = need('graphql'), yoga_of = need('graphql-yoga');
	const schema = graphql.buildSchema(fs.readFileSync(file, 'utf8'), { assumeValidSDL: true });
	const made_up = {
		onExecute({ args }) {
			args.fieldResolver = (source, _, __, info) => value_of(graphql, info.returnType);
			args.typeResolver = (value, context, info, abstract) => schema.getPossibleTypes(abstract)[0].name;
		},
	};
	const yoga = yoga_of.createYoga({ schema, plugins: [made_up], logging: false, maskedErrors: false, graphqlEndpoint: '/graphql' });
	const server = http.createServer(yoga);
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const port = server.address().port;

	return {
		port, title: 'GraphQL schema',
		close: () => server.close(),
		async check(text) {
			const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
				method: 'POST', body: text, headers: { 'content-type': 'application/json' },
			});
			const answer = await response.json();
			const problems = (answer.errors ?? []).map((e) => ({ place: 'body', text: e.message }));
			return { answer, problems };
		},
	};
}
