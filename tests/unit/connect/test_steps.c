/* SPDX-License-Identifier: Apache-2.0 */
/* A field that a tool's workflow moves only step by step. */
#include "fake.h"

#define GRAPH                                                                                                \
	"{'New': ['In Progress', 'Rejected'], 'In Progress': ['Resolved', 'New'], 'Resolved': ['Closed', "   \
	"'In "                                                                                               \
	"Progress'], 'Closed': [], 'Rejected': 'New'}"

/* ' stands for " in all texts of this file. @more goes into the type. */
#define MANIFEST(more)                                                                                       \
	"{'connector': 'fake', 'format': 1, 'title': 'Fake', 'docs': 'none', 'tested': 'here',"              \
	"'settings': {'url': {'label': 'Address'}}, 'http': {'base': '{url}'}, 'check': {'get': '/me'},"     \
	"'lookups': {'states': {'get': '/states', 'records': '/states', 'id': '/id', 'name': '/name'}},"     \
	"'types': {'task': {'list': {'get': '/items', 'records': '/items'}, 'one': {'get': '/items/{id}'},"  \
	"'update': {'put': '/items/{id}', 'returns': 'nothing'}," more                                       \
	"'fields': {'id': '/id', 'title': '/title',"                                                         \
	"'status': {'at': '/state', 'to': '/state_id', 'by': 'name', 'lookup': 'states', 'values': {"        \
	"'open': 'New', 'in progress': ['In Progress', 'Resolved', '*'], 'done': 'Closed', 'cancelled': "    \
	"'Rejected'}}}}}}"
#define STEPS "'steps': {'status': " GRAPH "},"

#define STATES                                                                                               \
	"'GET /states': [{'json': {'states': [{'id': 1, 'name': 'New'}, {'id': 2, 'name': 'In Progress'},"   \
	"{'id': 3, 'name': 'Resolved'}, {'id': 5, 'name': 'Closed'}, {'id': 6, 'name': 'Rejected'}]}}]"
#define AT(state) "{'json': {'id': 1, 'title': 'a', 'state': '" state "'}}"

static int update(struct fake *f, const char *changes)
{
	_cleanup_(mem_freep) char *text = fake_quoted(changes);

	return fake_update(f, "1", text, NULL);
}

/* What was sent, in its order: the bodies of all PUTs, a blank behind each. */
static char *sent(struct fake *f)
{
	_cleanup_(buf_finish) struct buf log = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(mem_freep) char *path = path_join(f->dir, "log");
	struct buf bodies = BUF_INIT(BUF_MAX_TEXT);
	char *line, *rest;

	check_int(file_read(path, &log, NULL), 0);
	rest = (char *)buf_text(&log);
	while ((line = strsep(&rest, "\n")) && *line) {
		_cleanup_json_ cJSON *request = fake_json(line);

		if (str_equal(json_get_text(request, "method"), "PUT"))
			buf_printf(&bodies, "%s ", json_get_text(request, "body"));
	}
	return buf_steal(&bodies);
}

#define check_sent(f, want)                                                                                  \
	do {                                                                                                 \
		_cleanup_(mem_freep) char *bodies_ = sent(f);                                                \
		_cleanup_(mem_freep) char *expected_ = fake_quoted(want);                                    \
		check_text(bodies_, expected_);                                                              \
	} while (0)

TEST(the_shortest_way_is_walked)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES ", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("New") "," AT(
			"In Progress") "," AT("Resolved") "," AT("Closed") "]}");
	check(f.link->capabilities[TYPE_TASK].steps ==
		field_bit(type_get(TYPE_TASK), type_field(type_get(TYPE_TASK), "status")));
	check_int(update(&f, "{'title': 'b', 'status': 'done'}"), 0);
	check_sent(&f, "{'state_id':'2'} {'state_id':'3'} {'title':'b','state_id':'5'} ");
	check_text(json_get_text(f.remote.doc, "status"), "done");
	fake_close(&f);
}

TEST(a_direct_successor_is_one_request)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES ", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("New") "," AT(
			"Rejected") "," AT("Rejected") "," AT("New") "]}");
	check_int(update(&f, "{'status': 'cancelled'}"), 0);
	check_int(update(&f, "{'status': 'open'}"), 0);
	check_sent(&f, "{'state_id':'6'} {'state_id':'1'} ");
	fake_close(&f);
}

TEST(without_the_word_nothing_changes)
{
	struct fake f;

	fake_start(&f, MANIFEST(""),
		"{" STATES ", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("Closed") "]}");
	check(f.link->capabilities[TYPE_TASK].steps == 0);
	check_int(update(&f, "{'status': 'done'}"), 0);
	check_sent(&f, "{'state_id':'5'} ");
	check_int(fake_logged(&f, "\"GET\", \"path\": \"/items/1\""),
		1); /* the state before is not asked for */
	fake_close(&f);
}

TEST(other_fields_need_no_steps)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES ", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("New") "]}");
	check_int(update(&f, "{'title': 'a'}"), 0);
	check_int(fake_logged(&f, "\"GET\", \"path\": \"/items/1\""), 1);
	fake_close(&f);
}

TEST(no_way_names_what_can_be)
{
	struct fake f;

	fake_start(&f,
		MANIFEST(
			"'steps': {'status': {'New': ['Resolved'], 'Resolved': ['Rejected'], 'Rejected': [], "
			"'Closed': 'New'}},"),
		"{" STATES ", 'GET /items/1': [" AT("New") "," AT("Rejected") "]}");
	check_int(update(&f, "{'status': 'done'}"), -EPERM);
	check_text(f.e.text,
		"fake does not let \"status\" become \"done\" from what it is there (New); from there "
		"it can become \"in progress\", \"cancelled\"");
	check_text(f.e.field, "status");
	check_int(f.e.scope, ERR_RECORD);
	check_int(f.e.retry, ERR_NEVER);
	check_int(update(&f, "{'status': 'done'}"), -EPERM);
	check(strstr(f.e.text, "(Rejected); nothing can follow that"));
	check_sent(&f, "");
	fake_close(&f);
}

/* What the graph does not have is the tool's to judge. */
TEST(an_unknown_state_is_left_to_the_tool)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES
		", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("Parked") "," AT("Closed") "]}");
	check_int(update(&f, "{'status': 'done'}"), 0);
	check_sent(&f, "{'state_id':'5'} ");
	fake_close(&f);
}

TEST(a_step_that_is_ignored_ends_the_walk)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES ", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("New") "," AT(
			"In Progress") "]}");
	check_int(update(&f, "{'status': 'done'}"), -EPERM);
	check_text(f.e.text, "fake left \"status\" at In Progress: it does not let us set Resolved");
	check_sent(&f, "{'state_id':'2'} {'state_id':'3'} ");
	fake_close(&f);
}

TEST(a_last_step_that_is_ignored_is_told)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES ", 'PUT /items/1': [{'status': 204}], 'GET /items/1': [" AT("Resolved") "]}");
	check_int(update(&f, "{'status': 'done'}"), -EPERM);
	check_text(f.e.text, "fake left \"status\" at Resolved: it does not let us set Closed");
	fake_close(&f);
}

/* The next try begins where the last one ended. */
TEST(a_walk_that_broke_off_goes_on)
{
	struct fake f;

	fake_start(&f, MANIFEST(STEPS),
		"{" STATES ", 'PUT /items/1': [{'status': 204}, {'status': 503}, {'status': 204}],"
		"'GET /items/1': [" AT("New") "," AT("In Progress") "," AT("In Progress") "," AT(
			"Resolved") "," AT("Closed") "]}");
	check_int(update(&f, "{'status': 'done'}"), -EIO);
	check_int(f.e.scope, ERR_TOOL);
	check_int(f.e.retry, ERR_LATER);
	check_int(update(&f, "{'status': 'done'}"), 0);
	check_sent(&f, "{'state_id':'2'} {'state_id':'3'} {'state_id':'3'} {'state_id':'5'} ");
	fake_close(&f);
}

/* A tool that replaces everything gets everything at each step. */
TEST(whole_records)
{
	static const char base[] = "{\"title\": \"a\", \"status\": \"in progress\"}";
	_cleanup_(mem_freep) char *changes = fake_quoted("{'status': 'done'}");
	_cleanup_(mem_freep) char *manifest = fake_quoted(MANIFEST(STEPS));
	char *at = strstr(manifest, "\"returns\": \"nothing\"");
	struct fake f;

	memcpy(at, "\"send\": \"full\"      ", 20);
	fake_start(&f, manifest,
		"{" STATES ", 'PUT /items/1': [" AT("Resolved") "," AT("Closed") "], 'GET /items/1': [" AT(
			"In Progress") "]}");
	check_int(fake_update(&f, "1", changes, base), 0);
	check_sent(&f, "{'title':'a','state_id':'3'} {'title':'a','state_id':'5'} ");
	fake_close(&f);
}

/* An invoice that is to be paid is not sent to anybody on the way; a state that is still a draft to us may be passed. */
TEST(what_a_customer_sees_is_no_mere_stop)
{
	static const struct {
		const char *status;
		int code;
		const char *heard; /* POSTs */
	} cases[] = {{"sent", 0, "validate post "}, {"paid", -EPERM, ""}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_json_ cJSON *changes = cJSON_CreateObject();
		_cleanup_json_ cJSON *base = fake_json("{\"status\": \"draft\"}");
		struct buf posts = BUF_INIT(400);
		struct fake f;

		fake_start(&f,
			"{'connector': 'fake', 'format': 1, 'title': 'Fake', 'docs': 'none', 'tested': "
			"'here', 'settings': "
			"{'url': {'label': 'Address'}}, 'http': {'base': '{url}'}, 'check': {'get': '/me'}, "
			"'types': "
			"{'invoice': {'list': {'get': '/items', 'records': ''}, 'one': {'get': "
			"'/items/{id}'}, 'steps': "
			"{'status': {'d': {'v': {'post': '/validate'}}, 'v': {'p': {'post': '/post'}}, 'p': "
			"{'x': {'post': "
			"'/pay'}}}}, 'fields': {'id': '/id', 'number': '/n', 'status': {'at': '/s', 'write': "
			"'step', 'values': "
			"{'draft': ['d', 'v'], 'sent': 'p', 'paid': 'x'}}}}}}",
			"{'GET /items/1': [{'json': {'id': 1, 's': 'd'}}, {'json': {'id': 1, 's': 'v'}}, "
			"{'json': {'id': 1, 's': "
			"'p'}}], 'POST /validate': [{'json': {}}], 'POST /post': [{'json': {}}], 'POST "
			"/pay': [{'json': {}}]}");
		json_set_text(changes, "status", cases[i].status);
		check_int(f.link->ops->update(f.link, TYPE_INVOICE, "1", changes, base, &f.remote, &f.e),
			cases[i].code);
		if (fake_logged(&f, "/validate"))
			buf_puts(&posts, "validate ");
		if (fake_logged(&f, "/post"))
			buf_puts(&posts, "post ");
		if (fake_logged(&f, "/pay"))
			buf_puts(&posts, "pay ");
		check_text(buf_text(&posts), cases[i].heard);
		buf_finish(&posts);
		fake_close(&f);
	}
}

TEST_MAIN(TEST_RUN(the_shortest_way_is_walked), TEST_RUN(a_direct_successor_is_one_request),
	TEST_RUN(without_the_word_nothing_changes), TEST_RUN(other_fields_need_no_steps),
	TEST_RUN(no_way_names_what_can_be), TEST_RUN(an_unknown_state_is_left_to_the_tool),
	TEST_RUN(a_step_that_is_ignored_ends_the_walk), TEST_RUN(a_last_step_that_is_ignored_is_told),
	TEST_RUN(a_walk_that_broke_off_goes_on), TEST_RUN(whole_records),
	TEST_RUN(what_a_customer_sees_is_no_mere_stop))
