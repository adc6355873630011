/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/agenda.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/contentline.h"
#include "seamfs/codec/json.h"

#define UID_MARK "seamfs-"

struct row;

/* What each kind of property does. read gives NULL for nothing; value is a text of @doc, NULL for null. */
struct row {
	enum type_id type;
	const char *field;
	const char *property;
	cJSON *(*read)(const struct row *row, const struct ical *i);
	void (*write)(const struct row *row, struct ical *i, const cJSON *value, int64_t now_ms);
	_Bool of_one; /* a task that repeats has many of it */
};

static const char *text_of(const cJSON *value)
{
	return cJSON_IsObject(value) ? json_get_text(value, "name") : json_text(value);
}

/* ---- texts, references, tags, days ---- */

/* A field of one line has no line ends in it. */
static cJSON *read_line(const struct row *row, const struct ical *i)
{
	_cleanup_(mem_freep) char *text = ical_text(i, row->property);

	for (char *p = text; p && *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
	return text ? cJSON_CreateString(text) : NULL;
}

static cJSON *read_text(const struct row *row, const struct ical *i)
{
	_cleanup_(mem_freep) char *text = ical_text(i, row->property);

	return text ? cJSON_CreateString(text) : NULL;
}

static void write_text(const struct row *row, struct ical *i, const cJSON *value, int64_t now_ms)
{
	ical_set_text(i, row->property, text_of(value));
}

static cJSON *read_name(const struct row *row, const struct ical *i)
{
	cJSON *name = read_line(row, i), *value = name ? cJSON_CreateObject() : NULL;

	if (value)
		json_set(value, "name", name);
	return value;
}

static cJSON *read_tags(const struct row *row, const struct ical *i)
{
	cJSON *tags = ical_tags(i, row->property);

	if (tags->child)
		return tags;
	cJSON_Delete(tags);
	return NULL;
}

static void write_tags(const struct row *row, struct ical *i, const cJSON *value, int64_t now_ms)
{
	ical_set_tags(i, row->property, value);
}

/* An event has no DUE: it is on that day. */
static const char *day_property(const struct row *row, const struct ical *i)
{
	return strcmp(ical_component(i), "VEVENT") == 0 ? "DTSTART" : row->property;
}

static cJSON *read_day(const struct row *row, const struct ical *i)
{
	char date[11];

	return ical_date(i, day_property(row, i), date) < 0 ? NULL : cJSON_CreateString(date);
}

static void write_day(const struct row *row, struct ical *i, const cJSON *value, int64_t now_ms)
{
	ical_set_date(i, day_property(row, i), json_text(value));
}

/* ---- how far a task is ---- */

static const struct {
	const char *ours, *theirs;
} states[] = {
	{"open", "NEEDS-ACTION"},
	{"in progress", "IN-PROCESS"},
	{"done", "COMPLETED"},
	{"cancelled", "CANCELLED"},
};

static int percent(const struct ical *i)
{
	const char *value = ical_raw(i, "PERCENT-COMPLETE");

	return value ? atoi(value) : 0;
}

/* Some programs write only when, or how much, is done. */
static const char *state_of(const struct ical *i)
{
	const char *status = ical_raw(i, "STATUS");

	for (size_t s = 0; status && s < ARRAY_LEN(states); s++) {
		if (strcasecmp(states[s].theirs, status) == 0)
			return states[s].ours;
	}
	if (ical_raw(i, "COMPLETED") || percent(i) >= 100)
		return "done";
	return percent(i) > 0 ? "in progress" : "open";
}

static cJSON *read_state(const struct row *row, const struct ical *i)
{
	return cJSON_CreateString(state_of(i));
}

static void write_state(const struct row *row, struct ical *i, const cJSON *value, int64_t now_ms)
{
	const char *ours = json_text(value) ? json_text(value) : "open";
	_Bool done = strcmp(ours, "done") == 0;
	char stamp[CONTENT_STAMP_SIZE];

	if (strcmp(state_of(i), ours) == 0)
		return;
	for (size_t s = 0; s < ARRAY_LEN(states); s++) {
		if (strcmp(states[s].ours, ours) == 0)
			ical_set_raw(i, "STATUS", states[s].theirs);
	}
	if (done)
		ical_set_raw(i, "PERCENT-COMPLETE", "100");
	else if (percent(i) >= 100 || (strcmp(ours, "open") == 0 && percent(i)))
		ical_set_raw(i, "PERCENT-COMPLETE", "0");
	ical_set_raw(i, "COMPLETED", done ? content_stamp(now_ms, stamp) : NULL);
}

/* ---- how urgent it is: 1 to 9, 0 is "not said" (RFC 5545 3.8.1.9) ---- */

static const struct {
	const char *ours, *written;
	int least, most;
} priorities[] = {
	{"normal", "5", 5, 5},
	{"urgent", "1", 1, 1},
	{"high", "3", 2, 4},
	{"low", "9", 6, 9},
};

static const char *priority_of(const struct ical *i)
{
	const char *value = ical_raw(i, "PRIORITY");
	int n = value ? atoi(value) : 0;

	for (size_t p = 0; p < ARRAY_LEN(priorities); p++) {
		if (n >= priorities[p].least && n <= priorities[p].most)
			return priorities[p].ours;
	}
	return priorities[0].ours;
}

static cJSON *read_priority(const struct row *row, const struct ical *i)
{
	return cJSON_CreateString(priority_of(i));
}

static void write_priority(const struct row *row, struct ical *i, const cJSON *value, int64_t now_ms)
{
	const char *ours = json_text(value) ? json_text(value) : priorities[0].ours;

	for (size_t p = 0; p < ARRAY_LEN(priorities); p++) {
		if (strcmp(priorities[p].ours, ours) == 0 && strcmp(priority_of(i), ours) != 0)
			ical_set_raw(i, "PRIORITY", priorities[p].written);
	}
}

/* ---- all of them ---- */

static const struct row rows[] = {
	{TYPE_TASK, "title", "SUMMARY", read_line, write_text},
	{TYPE_TASK, "project", "X-SEAMFS-PROJECT", read_name, write_text},
	{TYPE_TASK, "status", "STATUS", read_state, write_state, .of_one = 1},
	{TYPE_TASK, "priority", "PRIORITY", read_priority, write_priority},
	{TYPE_TASK, "start", "DTSTART", read_day, write_day, .of_one = 1},
	{TYPE_TASK, "due", "DUE", read_day, write_day, .of_one = 1},
	{TYPE_TASK, "tags", "CATEGORIES", read_tags, write_tags},
	{TYPE_TASK, "notes", "DESCRIPTION", read_text, write_text},
	{TYPE_INVOICE, "number", "X-SEAMFS-KEY", read_line, write_text},
	{TYPE_INVOICE, "client", "X-SEAMFS-CLIENT", read_name, write_text},
	{TYPE_INVOICE, "status", "X-SEAMFS-STATUS", read_line, write_text},
	{TYPE_INVOICE, "due_date", "DUE", read_day, write_day},
	{TYPE_PROJECT, "name", "X-SEAMFS-KEY", read_line, write_text},
	{TYPE_PROJECT, "client", "X-SEAMFS-CLIENT", read_name, write_text},
	{TYPE_PROJECT, "status", "X-SEAMFS-STATUS", read_line, write_text},
	{TYPE_PROJECT, "due", "DUE", read_day, write_day},
};

uint64_t agenda_fields(enum type_id type)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type == type)
			fields |= field_bit(type_get(type), type_field(type_get(type), rows[i].field));
	}
	return fields;
}

char *agenda_uid(enum type_id type, const char *id)
{
	return type == TYPE_TASK ? str_dup(id) : str_format(UID_MARK "%s-%s", type_get(type)->name, id);
}

/* Programs that drop what they do not know still keep the UID: a due day never becomes a task. */
enum type_id agenda_type(const struct ical *i)
{
	static const enum type_id due[] = {TYPE_INVOICE, TYPE_PROJECT};
	const char *uid = ical_raw(i, "UID");

	for (size_t t = 0; uid && t < ARRAY_LEN(due); t++) {
		_cleanup_(mem_freep) char *mark = agenda_uid(due[t], "");

		if (strncmp(uid, mark, strlen(mark)) == 0)
			return ical_raw(i, "X-SEAMFS-KEY") ? due[t] : TYPE_NONE;
	}
	return strcmp(ical_component(i), "VTODO") == 0 ? TYPE_TASK : TYPE_NONE;
}

/* A record needs a name. */
static void add_title(enum type_id type, const struct ical *i, cJSON *doc)
{
	const char *uid = ical_raw(i, "UID");

	if (type == TYPE_TASK && !json_get_text(doc, "title"))
		json_set_text(doc, "title", uid && *uid ? uid : "unnamed");
}

cJSON *agenda_doc(enum type_id type, const struct ical *i)
{
	cJSON *doc = cJSON_CreateObject();

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		cJSON *value = rows[r].type == type ? rows[r].read(&rows[r], i) : NULL;

		if (rows[r].type == type)
			json_set(doc, rows[r].field, value ? value : cJSON_CreateNull());
	}
	add_title(type, i, doc);
	return doc;
}

/* What people read: "Invoice INV-2026-0042: Northwind Traders", and whether that is over. */
static void show_due(enum type_id type, struct ical *i)
{
	_cleanup_(mem_freep) char *key = ical_text(i, "X-SEAMFS-KEY"),
				  *client = ical_text(i, "X-SEAMFS-CLIENT");
	_cleanup_(mem_freep) char *status = ical_text(i, "X-SEAMFS-STATUS"), *summary = NULL;
	_Bool over = status && (strcmp(status, "paid") == 0 || strcmp(status, "closed") == 0 ||
				       strcmp(status, "archived") == 0);
	_Bool void_ = status && strcmp(status, "void") == 0;

	summary = str_format(
		"%s %s%s%s", type_get(type)->title, key ? key : "", client ? ": " : "", client ? client : "");
	ical_set_text(i, "SUMMARY", summary);
	if (strcmp(ical_component(i), "VTODO") == 0)
		ical_set_raw(i, "STATUS", over ? "COMPLETED" : void_ ? "CANCELLED" : "NEEDS-ACTION");
	else
		ical_set_raw(i, "STATUS", void_ ? "CANCELLED" : "CONFIRMED");
}

int agenda_write(enum type_id type, struct ical *i, const cJSON *doc, int64_t now_ms, struct err *e)
{
	_cleanup_json_ cJSON *now = agenda_doc(type, i);

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		const cJSON *value = json_get(doc, rows[r].field);

		if (rows[r].type != type || !value)
			continue;
		if (rows[r].of_one && ical_repeats(i) && !json_equal(value, json_get(now, rows[r].field)))
			return err_field(e, EPERM, rows[r].field,
				"this task repeats: its \"%s\" can be changed only in a program that knows "
				"which "
				"of them is meant",
				rows[r].field);
		rows[r].write(&rows[r], i, value, now_ms);
	}
	if (type != TYPE_TASK)
		show_due(type, i);
	return 0;
}
