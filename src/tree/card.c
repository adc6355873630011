/* SPDX-License-Identifier: Apache-2.0 */
/* What programs for people and plans open: a contact or client as a vCard, and calendar.ics, the tasks and due days of all records. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/agenda.h"
#include "seamfs/model/card.h"
#include "tree/kinds.h"
#include "tree/texts.h"

/* The record as its file shows it, given; NULL when it is gone. */
static cJSON *shown(struct db *db, int64_t record)
{
	_cleanup_(buf_finish) struct buf body = BUF_INIT(BUF_MAX_RECORD);
	cJSON *file = NULL;

	if (store_record_body(db, record, &body) < 0)
		return NULL;
	json_parse(buf_text(&body), body.len, JSON_REMOTE, &file, NULL, NULL);
	return file;
}

/* The same for a record on every machine where a tool knows it; given. */
static char *uid_of(struct db *db, int64_t record)
{
	char *uid = db_text(db,
		"SELECT tool.name || '-' || link.remote FROM link JOIN tool ON tool.id = link.tool"
		" WHERE link.record = ?1 ORDER BY tool.id LIMIT 1",
		"i", record);

	return uid ? uid : str_format("record-%lld", (long long)record);
}

NODE_READ(node_card_read)
{
	struct db *db = store_db(tree->store);
	_cleanup_json_ cJSON *file = shown(db, p.b);
	_cleanup_(mem_freep) char *uid = uid_of(db, p.b);
	_cleanup_(vcard_freep) struct vcard *v = NULL;

	if (!file || !card_fields((enum type_id)p.a))
		return -ENOENT;
	v = card_new((enum type_id)p.a, uid);
	card_write((enum type_id)p.a, v, file);
	return vcard_print(v, b);
}

/* ---- a vCard that is dropped there ---- */

_Bool card_cut_off(const char *bytes, size_t len)
{
	return !memmem(bytes, len, "END:VCARD", strlen("END:VCARD"));
}

/* The folder says whose contact it is; elsewhere the card does, where such a client is known. */
static void place_client(struct tree *tree, const struct record_slot *slot, cJSON *doc)
{
	struct record_names names = store_names(store_db(tree->store));
	_cleanup_(mem_freep) char *client = str_dup(json_get_text(json_get(doc, "client"), "name"));
	int64_t id;

	cJSON_DeleteItemFromObjectCaseSensitive(doc, "client");
	if (client && !slot->whole && names.find(names.context, TYPE_CLIENT, 0, client, &id) == 0)
		json_set_text(doc, "client", client);
}

int card_json(struct tree *tree, const struct record_slot *slot, const char *bytes, size_t len,
	struct buf *json, struct err *e)
{
	_cleanup_(vcard_freep) struct vcard *v = NULL;
	_cleanup_json_ cJSON *doc = NULL;
	int r = vcard_parse(bytes, len, &v, e);

	if (r < 0)
		return r;
	if (vcard_count(v) > 1)
		return err_set(
			e, EINVAL, "there are %d cards in it: one file for each contact", vcard_count(v));
	if (card_type(v) != slot->type->id)
		return err_set(e, EINVAL, "this card is not that of a person");
	doc = card_doc(slot->type->id, v);
	place_client(tree, slot, doc);
	/* What a card lacks is no order to clear it: programs export what they know. */
	for (cJSON *field = doc->child, *next; field; field = next) {
		next = field->next;
		if (cJSON_IsNull(field))
			cJSON_Delete(cJSON_DetachItemViaPointer(doc, field));
	}
	return json_pretty(json, doc);
}

/* ---- calendar.ics ---- */

static const char start[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//seamfs//seamfs " SEAMFS_VERSION
			    "//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n";
static const char end[] = "END:VCALENDAR\r\n";

/* What is in it: only what there is still something to do about. */
static const struct part {
	enum type_id type;
	const char *component, *begin;
	const char *day; /* without it there is no entry; NULL: it may lack one */
	const char *states[4];
} parts[] = {
	{TYPE_TASK, "VTODO", "BEGIN:VTODO", NULL, {"open", "in progress"}},
	{TYPE_INVOICE, "VEVENT", "BEGIN:VEVENT", "due_date", {"sent", "overdue"}},
	{TYPE_PROJECT, "VEVENT", "BEGIN:VEVENT", "due", {"active"}},
};

struct calendar {
	struct db *db;
	const struct part *part;
	struct buf *b;
};

static _Bool wanted(const struct part *part, const cJSON *file)
{
	const char *status = json_get_text(file, "status");

	for (size_t i = 0; status && part->states[i]; i++) {
		if (strcmp(part->states[i], status) == 0)
			return !part->day || json_get_text(file, part->day);
	}
	return 0;
}

static _Bool add_entry(void *context, const struct listed *row)
{
	struct calendar *c = context;
	_cleanup_json_ cJSON *file = shown(c->db, row->id);
	_cleanup_(mem_freep) char *id = uid_of(c->db, row->id);
	_cleanup_(mem_freep) char *uid = agenda_uid(c->part->type, id);
	_cleanup_(ical_freep) struct ical *i = NULL;
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_RECORD);
	const char *entry;

	if (!file || !wanted(c->part, file))
		return 1;
	i = ical_new(c->part->component, uid, row->mtime_ms);
	if (agenda_write(c->part->type, i, file, row->mtime_ms, NULL) < 0 || ical_print(i, &text) < 0)
		return 1;
	entry = strstr(buf_text(&text), c->part->begin);
	buf_add(c->b, entry, strlen(entry) - strlen(end));
	return c->b->error == 0;
}

int calendar_read(struct tree *tree, struct buf *b)
{
	struct calendar c = {.db = store_db(tree->store), .b = b};

	buf_puts(b, start);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		c.part = &parts[i];
		store_record_all(c.db, parts[i].type, add_entry, &c);
	}
	return buf_puts(b, end);
}

/* It is stat()ed with every look at the root. Only a change of a record, or a tool that begins to know one (uid_of), makes another. */
int calendar_size(struct tree *tree, int64_t *ret)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_SCRATCH);
	int64_t position = store_position(tree->store);
	int64_t links = db_int(store_db(tree->store), 0, "SELECT max(id) + count(*) FROM link", "");
	int r;

	pthread_mutex_lock(&tree->mutex);
	if (tree->calendar.made && tree->calendar.position == position && tree->calendar.links == links) {
		*ret = tree->calendar.size;
		pthread_mutex_unlock(&tree->mutex);
		return 0;
	}
	pthread_mutex_unlock(&tree->mutex);
	r = calendar_read(tree, &b);
	*ret = (int64_t)b.len;
	pthread_mutex_lock(&tree->mutex);
	tree->calendar.made = r == 0;
	tree->calendar.position = position;
	tree->calendar.links = links;
	tree->calendar.size = *ret;
	pthread_mutex_unlock(&tree->mutex);
	return r;
}

int64_t calendar_time(struct tree *tree)
{
	return db_int(
		store_db(tree->store), tree->made_ms, "SELECT ms FROM history ORDER BY id DESC LIMIT 1", "");
}
