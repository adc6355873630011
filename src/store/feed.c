/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/feed.h"

#include <errno.h>
#include <stdio.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* A change that is being put together. */
struct gathering {
	struct store *store;
	struct feed_change *c;
	cJSON *old, *now; /* docs with only the fields that changed */
	_Bool whole;	  /* the record as a whole came or went */
};

void feed_finish(struct feed_change *c)
{
	cJSON_Delete(c->json);
	*c = (struct feed_change){0};
}

/* The doc of a record wherever that is: amounts of one in the trash are in its currency all the same. */
static cJSON *any_doc(struct db *db, int64_t record)
{
	_cleanup_(mem_freep) char *text =
		db_text(db, "SELECT doc FROM content WHERE record = ?1", "i", record);

	return json_stored(text);
}

static void add_author(cJSON *object, struct store *store, const struct history_row *row)
{
	char text[CLOCK_UTC_SIZE];

	json_set_text(object, "time", clock_format_utc(row->ms, text));
	if (row->tool >= 0) {
		json_set_text(object, "tool", store_stack(store)->tools[row->tool].name);
	} else {
		json_set(object, "uid", json_new_int(row->uid));
		json_set_text(object, "program", row->program);
	}
	json_set_text(object, "why", row->cause);
}

static void add_value(cJSON *doc, const char *name, const char *json)
{
	cJSON *value = json_stored(json);

	if (value)
		json_set(doc, name, value);
}

static _Bool take_row(void *context, const struct history_row *row)
{
	struct gathering *g = context;
	struct feed_change *c = g->c;

	if (!c->last) {
		c->change = row->change;
		c->record = row->record;
		c->type = row->type;
		c->ms = row->ms;
		c->tool = row->tool;
		c->event = row->version == 1 ? "created" : "changed";
		snprintf(c->program, sizeof(c->program), "%s", row->program);
		add_author(c->json, g->store, row);
	}
	c->last = row->id;
	if (row->field < 0) {
		g->whole = 1;
		return 1;
	}
	c->fields |= (uint64_t)1 << row->field;
	add_value(g->old, type_get(row->type)->fields[row->field].name, row->old);
	add_value(g->now, type_get(row->type)->fields[row->field].name, row->new);
	return 1;
}

static cJSON *one_side(cJSON *shown, const char *name)
{
	cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(shown, name);

	return value ? value : cJSON_CreateNull();
}

/* Both sides of each field as the record's file shows them. */
static void add_fields(struct gathering *g, struct db *db)
{
	const struct type *type = type_get(g->c->type);
	_cleanup_json_ cJSON *doc = any_doc(db, g->c->record);
	const char *currency = record_currency(doc, store_stack(g->store)->currency);
	struct record_names names = store_names(db);
	_cleanup_json_ cJSON *old = record_shown(type, g->old, &names, currency);
	_cleanup_json_ cJSON *now = record_shown(type, g->now, &names, currency);
	cJSON *changed = cJSON_AddObjectToObject(g->c->json, "changed");

	for (int i = 0; type->fields[i].name; i++) {
		cJSON *pair;

		if (!(g->c->fields >> i & 1))
			continue;
		pair = cJSON_AddObjectToObject(changed, type->fields[i].name);
		json_set(pair, "old", one_side(old, type->fields[i].name));
		json_set(pair, "new", one_side(now, type->fields[i].name));
	}
}

/* A record leaves and enters the tree in turn. */
static const char *came_or_went(struct db *db, const struct feed_change *c)
{
	int64_t turns =
		db_int(db, 0, "SELECT count(*) FROM history WHERE record = ?1 AND field = -1 AND id <= ?2",
			"ii", c->record, c->last);

	return turns % 2 ? "removed" : "restored";
}

static void add_path(struct db *db, struct feed_change *c)
{
	_cleanup_(mem_freep) char *path = store_record_path(db, c->record);
	_cleanup_(mem_freep) char *name = path ? NULL : store_record_name(db, c->record);

	if (!path)
		path = str_format(".seam/trash/%s/%s.json", type_get(c->type)->plural, name ? name : "");
	json_set_text(c->json, "path", path);
}

int store_feed_next(struct store *store, struct db *db, int64_t after, struct feed_change *ret)
{
	struct feed_change c = {.json = cJSON_CreateObject()};
	_cleanup_json_ cJSON *old = cJSON_CreateObject(), *now = cJSON_CreateObject();
	struct gathering g = {store, &c, old, now, 0};
	int64_t first = db_int(db, 0,
		"SELECT id FROM history WHERE id > ?1 AND cause NOT IN ('overruled', 'settle') ORDER BY id "
		"LIMIT 1",
		"i", after);
	_cleanup_(mem_freep) char *event = NULL;

	json_set(c.json, "id", json_new_int(first));
	json_set_text(c.json, "event", "");
	if (!first || store_history_change(store, db, first, take_row, &g) < 0) {
		feed_finish(&c);
		return -ENOENT;
	}
	if (g.whole)
		c.event = came_or_went(db, &c);
	event = str_format("%s.%s", type_get(c.type)->name, c.event);
	json_set_text(c.json, "event", event);
	add_path(db, &c);
	if (str_equal(c.event, "changed"))
		add_fields(&g, db);
	*ret = c;
	return 0;
}

cJSON *store_feed_record(struct store *store, struct db *db, const struct feed_change *c)
{
	_cleanup_json_ cJSON *doc = store_record_doc_at(db, c->record, c->last);
	struct record_names names = store_names(db);

	if (!doc)
		doc = any_doc(db, c->record);
	return doc ? record_shown(type_get(c->type), doc, &names,
			     record_currency(doc, store_stack(store)->currency))
		   : NULL;
}
