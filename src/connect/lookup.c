/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of ids and names: statuses, priorities, people. */
#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum {
	FRESH_MS = 10000, /* a miss does not fetch a table again that is younger than this */
	MAX_NAMED = 12,	  /* names that a sentence lists */
};

struct filling {
	const cJSON *json;
	cJSON *rows;
};

char *engine_joined(const cJSON *record, const cJSON *pointers)
{
	struct buf b = BUF_INIT(4096);
	const cJSON *pointer;
	const char *text;

	if (json_text(pointers))
		return str_dup(json_scalar(json_at(record, json_text(pointers))));
	cJSON_ArrayForEach (pointer, pointers) {
		text = json_scalar(json_at(record, json_text(pointer)));
		if (text && *text)
			buf_printf(&b, "%s%s", b.len ? " " : "", text);
	}
	return buf_steal(&b);
}

static int add_rows(void *context, const cJSON *records, struct err *e)
{
	struct filling *f = context;
	const cJSON *record;

	cJSON_ArrayForEach (record, records) {
		_cleanup_(mem_freep) char *name = engine_joined(record, json_get(f->json, "name"));
		const char *id = json_scalar(json_at(record, json_get_text(f->json, "id")));

		if (id && name && *name && !json_get(f->rows, name))
			json_set_text(f->rows, name, id);
	}
	return 0;
}

static int fetch(struct engine *g, struct lookup *l, struct err *e)
{
	struct id_place id = {{json_get_text(l->json, "id")}, 1};
	struct listing listing = {
		.call = {.request = l->json, .scope = ERR_RECORD},
		.page = json_get(l->json, "page"),
		.records = json_get_text(l->json, "records"),
		.id = &id,
	};
	struct filling filling = {.json = l->json, .rows = cJSON_CreateObject()};
	int64_t date_ms;
	_Bool proven;
	int r = engine_pages(g, &listing, add_rows, &filling, &proven, &date_ms, e);

	if (r < 0) {
		cJSON_Delete(filling.rows);
		return r;
	}
	cJSON_Delete(l->rows);
	l->rows = filling.rows;
	l->fetched_ms = clock_steady_ms();
	return 0;
}

static const char *find(const struct lookup *l, const char *text, _Bool by_name)
{
	const cJSON *row;

	if (by_name)
		return json_get_text(l->rows, text);
	cJSON_ArrayForEach (row, l->rows) {
		if (str_equal(json_text(row), text))
			return row->string;
	}
	return NULL;
}

static int missing(const struct engine *g, const struct lookup *l, const char *text, struct err *e)
{
	_cleanup_(buf_finish) struct buf names = BUF_INIT(512);
	const cJSON *row;
	int n = 0;

	cJSON_ArrayForEach (row, l->rows) {
		if (n++ < MAX_NAMED)
			buf_printf(&names, "%s%s", n > 1 ? ", " : "", row->string);
	}
	return err_set(e, ENOENT, "%s has no \"%s\" among its %s: %s%s", g->link.name, text, l->json->string,
		buf_text(&names), n > MAX_NAMED ? ", …" : "");
}

int engine_lookup(
	void *context, const char *table, const char *text, _Bool by_name, const char **ret, struct err *e)
{
	struct engine *g = context;
	struct lookup *l = g->lookups;
	int r;

	while (strcmp(l->json->string, table) != 0)
		l++;
	*ret = l->rows ? find(l, text, by_name) : NULL;
	if (!*ret && (!l->rows || clock_steady_ms() - l->fetched_ms > FRESH_MS)) {
		r = fetch(g, l, e);
		if (r < 0)
			return r;
		*ret = find(l, text, by_name);
	}
	return *ret ? 0 : missing(g, l, text, e);
}
