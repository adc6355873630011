/* SPDX-License-Identifier: Apache-2.0 */
/* Words of manifests that the tools of the rig do not need: how requests, pages and changes look to a tool. */
#include "fake.h"
#include "seamfs/base/clock.h"

/* ' stands for " in all texts of this file. @head goes into the top, @http into "http", @more into the type. */
#define MANIFEST(head, http, list, more, fields) MANIFEST_ID("'/id'", head, http, list, more, fields)
#define MANIFEST_ID(id, head, http, list, more, fields)                                                      \
	"{'connector': 'fake', 'format': 1, 'title': 'Fake', 'docs': 'none', 'tested': 'here',"              \
	"'settings': {'url': {'label': 'Address'}}, 'http': {'base': '{url}'" http "}, 'check': {'get': "    \
	"'/me'}," head "'types': {'task': {'list': {" list "}, 'one': {'get': '/items/{id}'}," more          \
	"'fields': {'id': " id ", 'created': '/made', 'updated': '/changed', 'title': '/title'" fields       \
	"}}}}"
#define LIST "'get': '/items', 'records': '/items'"
#define NONE "'GET /items': [{'json': {'items': []}}]"
#define ONE  "{'json': {'id': 1, 'title': 'a'}}"

/* What the tool got, a line a request: "POST /path body". */
static char *heard(struct fake *f)
{
	_cleanup_(buf_finish) struct buf log = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(mem_freep) char *path = path_join(f->dir, "log");
	struct buf lines = BUF_INIT(BUF_MAX_TEXT);
	char *line, *rest;

	check_int(file_read(path, &log, NULL), 0);
	for (line = strtok_r(log.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		_cleanup_json_ cJSON *request = fake_json(line);

		buf_printf(&lines, "%s %s %s\n", json_get_text(request, "method"),
			json_get_text(request, "path"), json_get_text(request, "body"));
	}
	return buf_steal(&lines);
}

static void check_heard(struct fake *f, const char *want)
{
	_cleanup_(mem_freep) char *got = heard(f);

	check_text(got, want);
}

TEST(a_form_has_brackets)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", ", 'body': 'form'", LIST,
			"'create': {'post': '/items', 'set': {'/x/y': [1, {'z': true}]}}, 'once': {'by': "
			"'id', "
			"'to': '/id'},",
			""),
		"{'POST /items': [" ONE "]}");
	check_int(fake_create(&f, "{\"title\": \"a & b\"}", "k"), 0);
	check_int(fake_logged(&f, "title=a%20%26%20b&id="), 1);
	check_int(fake_logged(&f, "&x%5By%5D%5B0%5D=1&x%5By%5D%5B1%5D%5Bz%5D=true"), 1);
	check_int(fake_logged(&f, "application/x-www-form-urlencoded"), 1);
	fake_close(&f);
}

/* GraphQL and JSON-RPC are bodies like any other. */
TEST(a_body_has_the_record_and_the_page_in_it)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("'page': {'by': 'cursor', 'next': '/page/end', 'more': '/page/more', 'size': "
			 "'/variables/first', 'max': 2},",
			"",
			"'post': '/graphql', 'records': '/nodes', 'body': {'query': '{ items { id } }', "
			"'variables': {'after': '{cursor}'}}",
			"'update': {'post': '/graphql', 'body': {'id': '{id}', 'variables': {'kind': 'x'}}, "
			"'wrap': '/variables/input', 'returns': 'nothing'},",
			""),
		"{'POST /graphql': [{'json': {'nodes': [{'id': 1, 'title': 'a'}], 'page': {'more': true, "
		"'end': 'e1'}}}, {'json': {'nodes': [{'id': 2, 'title': 'b'}], 'page': {'more': false, "
		"'end': 'e2'}}}, {'json': {}}], 'GET /items/1': [" ONE "]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids, "1 2 ");
	check(f.complete);
	check_int(fake_update(&f, "1", "{\"title\": \"b\"}", NULL), 0);
	check_heard(&f,
		"POST /graphql {\"query\":\"{ items { id } }\",\"variables\":{\"first\":2}}\n"
		"POST /graphql {\"query\":\"{ items { id } "
		"}\",\"variables\":{\"after\":\"e1\",\"first\":2}}\n"
		"POST /graphql {\"id\":\"1\",\"variables\":{\"kind\":\"x\",\"input\":{\"title\":\"b\"}}}\n"
		"GET /items/1 \n");
	fake_close(&f);
}

TEST(a_list_for_each_parent)
{
	struct fake f;

	fake_start(&f,
		MANIFEST_ID("{'at': ['/@each', '/id']}",
			"'lookups': {'boards': {'get': '/boards', 'records': '', 'id': '/id', 'name': "
			"'/name'}},",
			"",
			"'get': '/boards/{each}/items', 'records': '', 'each': 'boards', 'only': {'/pull': "
			"null}",
			"", ", 'project': {'at': '/@each', 'ref': 'project'}"),
		"{'GET /boards': [{'json': [{'id': 'a', 'name': 'A'}, {'id': 'b', 'name': 'B'}]}],"
		"'GET /boards/a/items': [{'json': [{'id': 1, 'title': 'x'}, {'id': 2, 'pull': {}}]}],"
		"'GET /boards/b/items': [{'json': [{'id': 1, 'title': 'y'}]}],"
		"'GET /items/b:1': [{'json': {'id': 1, 'title': 'y'}}]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids, "a:1 b:1 ");
	check(f.complete);
	fake_close(&f);
}

TEST(what_happened_is_read_anew)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'changes': {'by': 'events', 'id': '/of', 'at': '/at', 'list': {'get': '/events', "
			"'records': '', 'query': {'since': '{since}'}}},",
			""),
		"{" NONE ", 'GET /events': [{'json': [{'id': 'e1', 'of': 1, 'at': '2026-11-23T10:00:00Z'}, "
		"{'id': 'e2', 'of': 2, 'at': '2026-11-23T10:00:01Z'}, {'id': 'e3', 'of': 1, 'at': "
		"'2026-11-23T10:00:02Z'}]}], 'GET /items/1': [" ONE "]}");
	check_int(fake_list(&f, "2026-11-23T09:00:00.000Z"), 0);
	check_text(f.ids, "1 2 "); /* the second is gone: 404 */
	check(!f.complete && f.cursor);
	check_int(fake_logged(&f, "since=2026-11-23T09"), 1);
	fake_close(&f);
}

TEST(a_record_that_says_it_is_removed)
{
	struct fake f;

	fake_start(&f, MANIFEST("", "", LIST, "'gone': {'at': '/deleted', 'is': [true, 1]},", ""),
		"{'GET /items/1': [{'json': {'id': 1, 'title': 'a', 'deleted': true}}], 'GET /items/2': "
		"[{'json': {'id': 2, 'title': 'b', 'deleted': false}}]}");
	check_int(fake_get(&f, "1"), -ENOENT);
	check_int(fake_get(&f, "2"), 0);
	fake_close(&f);
}

TEST(a_change_carries_its_version)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'update': {'put': '/items/{id}', 'returns': 'nothing'}, 'guard': {'at': '/v', 'to': "
			"'/v'},",
			""),
		"{'GET /items/1': [{'json': {'id': 1, 'title': 'a', 'v': '7'}}], 'PUT /items/1': [{'status': "
		"204}]}");
	check_int(fake_get(&f, "1"), 0);
	check_int(fake_update(&f, "1", "{\"title\": \"b\"}", NULL), 0);
	check_heard(&f, "GET /items/1 \nPUT /items/1 {\"title\":\"b\",\"v\":\"7\"}\nGET /items/1 \n");
	fake_close(&f);
}

#define BY_REQUESTS                                                                                          \
	"'update': {'put': '/items/{id}', 'returns': 'nothing', 'when': {'status': 'open'}},"                \
	"'steps': {'status': {'New': {'Active': {'post': '/items/{id}/start', 'body': {'by': 'us'}}},"       \
	"'Active': {'Closed': [{'post': '/items/{id}/check'}, {'post': '/items/{id}/close'}], 'New': "       \
	"{'post': '/items/{id}/moves', 'body': {'move': '{choice}'}, 'choose': {'get': "                     \
	"'/items/{id}/moves', 'records': '/moves', 'name': '/to', 'id': '/id'}}}}},"
#define STATUS                                                                                               \
	", 'status': {'at': '/state', 'write': 'step', 'values': {'open': 'New', 'in progress': 'Active', "  \
	"'done': 'Closed'}}"
#define AT(state) "{'json': {'id': 1, 'title': 'a', 'state': '" state "'}}"

TEST(a_state_is_reached_by_requests)
{
	struct fake f;

	fake_start(&f, MANIFEST("", "", LIST, BY_REQUESTS, STATUS),
		"{'GET /items/1': [" AT("New") ", " AT("Active") ", " AT(
			"Closed") "],"
				  "'PUT /items/1': [{'status': 204}], 'POST /items/1/start': [{'status': "
				  "204}],"
				  "'POST /items/1/check': [{'status': 204}], 'POST /items/1/close': "
				  "[{'status': 204}]}");
	check_int(fake_update(&f, "1", "{\"status\": \"done\"}", NULL), 0);
	check_heard(&f, "GET /items/1 \nPOST /items/1/start {\"by\":\"us\"}\nGET /items/1 \n"
			"POST /items/1/check \nPOST /items/1/close \nGET /items/1 \nGET /items/1 \n");
	fake_close(&f);
}

TEST(a_state_is_chosen_from_what_is_offered)
{
	struct fake f;

	fake_start(&f, MANIFEST("", "", LIST, BY_REQUESTS, STATUS),
		"{'GET /items/1': [" AT("Active") ", " AT(
			"New") "], 'GET /items/1/moves': [{'json': "
			       "{'moves': [{'id': 4, 'to': 'Closed'}, {'id': 9, 'to': 'New'}]}}], 'POST "
			       "/items/1/moves': "
			       "[{'status': 204}]}");
	check_int(fake_update(&f, "1", "{\"status\": \"open\"}", NULL), 0);
	check_int(fake_logged(&f, "{\\\"move\\\":\\\"9\\\"}"), 1);
	fake_close(&f);
}

TEST(a_change_waits_for_the_state_that_allows_it)
{
	_cleanup_(mem_freep) char *got = NULL;
	struct fake f;

	fake_start(&f, MANIFEST("", "", LIST, BY_REQUESTS, STATUS),
		"{'GET /items/1': [" AT("Active") ", " AT("New") "], 'GET /items/1/moves': [{'json': "
								 "{'moves': [{'id': 9, 'to': 'New'}]}}], "
								 "'POST /items/1/moves': [{'status': 204}], "
								 "'PUT /items/1': [{'status': 204}]}");
	check_int(fake_update(&f, "1", "{\"title\": \"b\"}", "{\"status\": \"in progress\"}"), -EPERM);
	check_text(f.e.field, "status");
	check_int(fake_logged(&f, "\"PUT\""), 0);
	check_int(fake_update(&f, "1", "{\"title\": \"b\", \"status\": \"open\"}",
			  "{\"status\": \"in progress\"}"),
		0);
	check_int(fake_logged(&f, "\"PUT\""), 1);
	got = heard(&f);
	check(strstr(got, "POST /items/1/moves") && strstr(got, "POST /items/1/moves") < strstr(got, "PUT"));
	fake_close(&f);
}

TEST(a_state_among_several_allows_a_change)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'update': {'put': '/items/{id}', 'returns': 'nothing', 'when': {'status': ['open', "
			"'done']}}, 'steps': {'status': {'*': {}}},",
			STATUS),
		"{'GET /items/1': [" AT("Closed") "], 'PUT /items/1': [{'status': 204}]}");
	check_int(fake_update(&f, "1", "{\"title\": \"b\"}", "{\"status\": \"in progress\"}"), -EPERM);
	check_int(fake_logged(&f, "\"PUT\""), 0);
	check_int(fake_update(&f, "1", "{\"title\": \"b\"}", "{\"status\": \"done\"}"), 0);
	check_int(fake_logged(&f, "\"PUT\""), 1);
	fake_close(&f);
}

TEST(a_field_has_a_request_of_its_own)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'create': {'post': '/items'}, 'update': {'put': '/items/{id}'}, 'once': {'by': "
			"'id', "
			"'to': '/id'},",
			", 'assignee': {'at': '/who', 'send': {'put': '/items/{id}/who/{assignee}'}}"),
		"{'POST /items': [" ONE "], 'PUT /items/1/who/ann': [{'status': 204}], 'GET /items/1': "
		"[{'json': {'id': 1, 'title': 'a', 'who': 'ann'}}]}");
	check_int(fake_create(&f, "{\"title\": \"a\", \"assignee\": \"ann\"}", "k"), 0);
	check_int(fake_logged(&f, "/items/1/who/ann"), 1);
	check_int(fake_logged(&f, "\\\"who\\\""), 0);
	check_text(json_get_text(f.remote.doc, "assignee"), "ann");
	fake_close(&f);
}

TEST(the_key_goes_into_a_place_for_foreign_ids)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("'page': {'by': 'offset', 'param': 'offset', 'size': 'limit', 'max': 2},", "", LIST,
			"'create': {'post': '/items'}, 'once': {'by': 'ref', 'to': '/ext', 'find': {'get': "
			"'/items', 'records': '/items', 'query': {'ext': '{once}'}, 'page': {'by': "
			"'none'}}},",
			""),
		"{'GET /me': [{'json': {}}], 'POST /items': [" ONE "], 'GET /items': [{'json': {'items': "
		"[{'id': 1, 'title': 'other', 'ext': 'x'}, {'id': 2, 'title': 'tidied', 'ext': 'k'}]}}]}");
	check_int(fake_create(&f, "{\"title\": \"a\"}", "k"), 0);
	check_int(fake_logged(&f, "\\\"ext\\\":\\\"k\\\""), 1);
	check_int(fake_find(&f, "{\"title\": \"a\"}", "k", 0), 0);
	check_text(f.remote.id, "2");
	check_int(fake_logged(&f, "ext=k"), 1);
	check_int(fake_logged(&f, "limit"), 0); /* the search has paging of its own: none */
	fake_close(&f);
}

TEST(a_session_is_made_anew)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("",
			", 'auth': {'login': {'post': '/login', 'body': {'user': 'me'}, 'token': '/session', "
			"'header': {'Authorization': 'Session {session}'}}}",
			LIST, "", ""),
		"{'POST /login': [{'json': {'session': 's1'}}, {'json': {'session': 's2'}}, {'json': {'no': "
		"1}}], 'GET /items': [{'json': {'items': []}}, {'status': 401}, {'json': {'items': []}}, "
		"{'status': 401}]}");
	check_int(fake_list(&f, NULL), 0);
	check_int(fake_list(&f, NULL), 0);
	check_int(fake_logged(&f, "Session s1"), 2);
	check_int(fake_logged(&f, "Session s2"), 1);
	check_int(fake_list(&f, NULL), -EACCES); /* and the login itself is refused now */
	check_int(f.e.retry, ERR_AFTER_USER);
	fake_close(&f);
}

TEST(what_was_removed_is_asked_for)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'changes': {'by': 'since', 'query': {'since': '{since}'}}, 'removed': {'get': "
			"'/bin', "
			"'records': '', 'id': '/of', 'query': {'since': '{since}'}},",
			""),
		"{" NONE ", 'GET /bin': [{'json': [{'of': 7}, {'of': 9}]}]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids, ""); /* what was removed before the first listing is nobody's */
	check_int(fake_list(&f, "2026-11-23T09:00:00.000Z"), 0);
	check_text(f.ids, "7 9 ");
	fake_close(&f);
}

TEST(a_version_may_be_an_etag)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'update': {'put': '/items/{id}', 'returns': 'nothing'}, 'guard': {'header': "
			"'If-Match'},",
			""),
		"{'GET /items/1': [{'json': {'id': 1, 'title': 'a'}, 'headers': {'ETag': 'v7'}}], 'PUT "
		"/items/1': "
		"[{'status': 412}]}");
	check_int(fake_update(&f, "1", "{\"title\": \"b\"}", NULL), -ESTALE);
	check_int(f.e.retry, ERR_NOW);
	check_int(fake_logged(&f, "\"if-match\": \"v7\""), 1);
	fake_close(&f);
}

/* Settings and fields in what is set; the request's own members stay beside the record's. */
TEST(constants_have_names_in_them)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST ", 'only': {'/owner': '{url}'}",
			"'create': {'post': '/items', 'wrap': '/data', 'body': {'data': {'team': '{url}'}}, "
			"'set': "
			"{'/parent/at': '{url}', '/title2': 'x {title}', '/none': '{notes}'}}, 'once': "
			"{'by': 'id', "
			"'to': '/key'},",
			", 'notes': '/notes'"),
		"{'POST /items': [{'status': 400}], " NONE "}");
	check_int(fake_create(&f, "{\"title\": \"a\"}", "k"), -EINVAL);
	check_int(fake_logged(&f, "{\\\"team\\\":\\\"http://127.0.0.1"), 1);
	check_int(fake_logged(&f, "\\\"title2\\\":\\\"x a\\\""), 1);
	check_int(fake_logged(&f, "none"), 0);
	fake_close(&f);
}

/* The tool replaces the whole record: what it has and we know nothing of goes back as it was. */
TEST(a_change_carries_the_whole_record)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'update': {'put': '/items/{id}', 'send': 'whole', 'returns': 'nothing'},",
			", 'notes': '/more/notes'"),
		"{'GET /items/1': [{'json': {'id': 1, 'title': 'a', 'rate': 1.5, 'more': {'x': [1], "
		"'notes': "
		"'n'}}}], 'PUT /items/1': [{'json': {}}]}");
	check_int(fake_update(&f, "1", "{\"title\": \"b\", \"notes\": \"m\"}", NULL), 0);
	check_int(
		fake_logged(&f,
			"{\\\"id\\\":1,\\\"title\\\":\\\"b\\\",\\\"rate\\\":1.5,\\\"more\\\":{\\\"x\\\":[1],"
			"\\\"notes\\\":\\\"m\\\"}}"),
		1);
	fake_close(&f);
}

/* A list that shows only part of each record. */
TEST(what_is_listed_in_brief_is_read)
{
	struct fake f;

	fake_start(&f, MANIFEST("", "", LIST ", 'brief': true", "", ", 'notes': '/notes'"),
		"{'GET /items': [{'json': {'items': [{'id': 1, 'title': 'a'}, {'id': 2, 'title': 'b'}]}}], "
		"'GET "
		"/items/1': [{'json': {'id': 1, 'title': 'a', 'notes': 'n'}}]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids, "1 2 "); /* the second went meanwhile: 404 */
	check_int(fake_logged(&f, "GET"), 3);
	fake_close(&f);
}

/* What happened to many is read by few requests; what such an answer lacks is asked for alone. */
TEST(several_records_by_one_request)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'many': {'post': '/batch', 'records': '/results', 'max': 2, 'to': '/inputs', "
			"'item': '/id'}, "
			"'changes': {'by': 'events', 'id': '/of', 'at': '/at', 'list': {'get': '/events', "
			"'records': "
			"'', 'query': {'since': '{since}'}}},",
			""),
		"{" NONE ", 'GET /events': [{'json': [{'id': 'e1', 'of': 1, 'at': '2026-11-23T10:00:00Z'}, "
		"{'id': 'e2', 'of': "
		"2, 'at': '2026-11-23T10:00:01Z'}, {'id': 'e3', 'of': 3, 'at': '2026-11-23T10:00:02Z'}]}], "
		"'POST "
		"/batch': [{'json': {'results': [{'id': 1, 'title': 'a'}]}}, {'json': {'results': [{'id': 3, "
		"'title': 'c'}]}}]}");
	check_int(fake_list(&f, "2026-11-23T09:00:00.000Z"), 0);
	check_text(f.ids, "1 2 3 ");
	check_int(fake_logged(&f, "{\\\"inputs\\\":[{\\\"id\\\":\\\"1\\\"},{\\\"id\\\":\\\"2\\\"}]}"), 1);
	check_int(fake_logged(&f, "/items/2"), 1);
	check_int(fake_logged(&f, "/items/3"), 0);
	fake_close(&f);
}

/* RFC 4231, case 2: key "Jefe", "what do ya want for nothing?" */
TEST(a_request_is_signed)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("",
			", 'auth': {'hmac': {'key': 'Jefe', 'sign': 'what do ya want for nothing?', "
			"'header': "
			"{'X-Signature': 'sha256={signature}', 'X-Sent': '{timestamp}.{nonce}'}}}",
			LIST, "", ""),
		"{" NONE "}");
	check_int(fake_list(&f, NULL), 0);
	check_int(fake_logged(&f, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
		1);
	check_int(fake_logged(&f, "x-sent"), 1);
	fake_close(&f);
}

/* Verb, address with its query, and body. */
TEST(what_is_signed_is_the_request)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("",
			", 'auth': {'hmac': {'key': 'k', 'hash': 'sha1', 'as': 'base64', 'sign': '{verb} "
			"{target} "
			"{body}', 'header': {'X-Signature': '{signature}'}}}",
			LIST, "'create': {'post': '/items?a=b'}, 'once': {'by': 'id', 'to': '/key'},", ""),
		"{'POST /items': [{'status': 400}]}");
	check_int(fake_create(&f, "{\"title\": \"a\"}", "k"), -EINVAL);
	/* by: openssl dgst -sha1 -hmac k -binary | base64 */
	check_int(fake_logged(&f, "\"x-signature\": \"DJYADiJUJcMpWYZ0X1ORb+YR4Dc=\""), 1);
	fake_close(&f);
}

/* Found out before anything is sent. */
TEST(a_state_that_the_tool_has_no_word_for)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'update': {'put': '/items/{id}', 'returns': 'nothing'}, 'steps': {'status': {'o': "
			"{'c': {'post': "
			"'/items/{id}/close'}}, 'c': []}},",
			", 'status': {'at': '/s', 'write': 'step', 'values': {'open': 'o', 'done': 'c'}}"),
		"{'GET /items/1': [{'json': {'id': 1, 'title': 'a', 's': 'o'}}]}");
	check_int(fake_update(
			  &f, "1", "{\"title\": \"b\", \"status\": \"cancelled\"}", "{\"status\": \"open\"}"),
		-EINVAL);
	check_text(f.e.field, "status");
	check(strstr(f.e.text, "has nothing that means \"cancelled\"") != NULL);
	check_int(fake_logged(&f, "PUT"), 0);
	fake_close(&f);
}

/* What has a request of its own is not there yet when a create was cut off: it is found all the same. */
TEST(a_create_that_was_cut_off_before_the_rest)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'create': {'post': '/items'}, 'once': {'by': 'find', 'find': {'get': '/items', "
			"'records': "
			"'/items'}},",
			", 'project': {'at': '/project', 'ref': 'project', 'send': {'put': "
			"'/items/{id}/project', 'body': "
			"{'id': '{project}'}}}"),
		"{'GET /items': [{'json': {'items': [{'id': 1, 'title': 'a', 'project': null}]}}], 'GET "
		"/me': [{'json': "
		"{}}], 'PUT /items/1/project': [{'json': {}}], 'GET /items/1': [{'json': {'id': 1, 'title': "
		"'a', "
		"'project': 'p'}}]}");
	check_int(fake_find(&f, "{\"title\": \"a\", \"project\": {\"id\": \"p\"}}", "k",
			  clock_now_ms() - 60000),
		0);
	fake_close(&f);
}

/* More has changed than the tool gives at once: everything is read. */
TEST(a_filter_that_is_refused_for_its_result)
{
	struct fake f;

	fake_start(&f,
		MANIFEST("", "", LIST,
			"'changes': {'by': 'since', 'list': {'get': '/changed', 'records': '', 'query': "
			"{'since': "
			"'{since}'}}},",
			""),
		"{'GET /changed': [{'json': []}, {'status': 400}], 'GET /items': [{'json': {'items': [{'id': "
		"1, 'title': "
		"'a'}]}}]}");
	check_int(fake_list(&f, "2026-11-23T09:00:00.000Z"), 0);
	check_text(f.ids, "1 ");
	check(f.complete);
	fake_close(&f);
}

TEST(a_key_in_every_address)
{
	struct fake f;

	fake_start(&f, MANIFEST("", ", 'auth': {'query': {'key': 'a&{url}'}}", LIST, "", ""), "{" NONE "}");
	check_int(fake_list(&f, NULL), 0);
	check_int(fake_logged(&f, "/items?key=a%26http%3A%2F%2F127.0.0.1"), 1);
	fake_close(&f);
}

/* What a manifest alone says may not lead into this house; what stands in stack.json may. */
TEST(an_address_of_this_house)
{
	struct fake f;

	fake_start(&f,
		"{'connector': 'fake', 'format': 1, 'title': 'Fake', 'docs': 'none', 'tested': 'here',"
		"'settings': {'url': {'label': 'Address'}}, 'http': {'base': 'http://127.0.0.1:9'}, 'check': "
		"{'get': '/me'}, 'types': {'task': {'list': {'get': '/items', 'records': ''}, 'one': {'get': "
		"'/items/{id}'}, 'fields': {'id': '/id', 'title': '/title'}}}}",
		"{}");
	check_int(fake_list(&f, NULL), -EIO);
	check(strstr(f.e.text, "private network") != NULL);
	check_int(f.e.retry, ERR_AFTER_USER);
	check(!f.e.sent);
	fake_close(&f);
}

TEST_MAIN(TEST_RUN(a_form_has_brackets), TEST_RUN(a_body_has_the_record_and_the_page_in_it),
	TEST_RUN(a_list_for_each_parent), TEST_RUN(what_happened_is_read_anew),
	TEST_RUN(a_record_that_says_it_is_removed), TEST_RUN(a_change_carries_its_version),
	TEST_RUN(a_state_is_reached_by_requests), TEST_RUN(a_state_is_chosen_from_what_is_offered),
	TEST_RUN(a_change_waits_for_the_state_that_allows_it),
	TEST_RUN(a_state_among_several_allows_a_change), TEST_RUN(a_field_has_a_request_of_its_own),
	TEST_RUN(the_key_goes_into_a_place_for_foreign_ids), TEST_RUN(a_session_is_made_anew),
	TEST_RUN(what_was_removed_is_asked_for), TEST_RUN(a_version_may_be_an_etag),
	TEST_RUN(a_key_in_every_address), TEST_RUN(an_address_of_this_house),
	TEST_RUN(constants_have_names_in_them), TEST_RUN(a_change_carries_the_whole_record),
	TEST_RUN(what_is_listed_in_brief_is_read), TEST_RUN(several_records_by_one_request),
	TEST_RUN(a_request_is_signed), TEST_RUN(what_is_signed_is_the_request),
	TEST_RUN(a_state_that_the_tool_has_no_word_for), TEST_RUN(a_create_that_was_cut_off_before_the_rest),
	TEST_RUN(a_filter_that_is_refused_for_its_result))
