/* SPDX-License-Identifier: Apache-2.0 */
/* csv_rig - a sheet of clients, and what the csv connector's calls give as text. */
#pragma once

#include "seamfs/base/err.h"
#include "unit/connect/tool_rig.h"

#define CLIENTS                                                                                              \
	"{'connector': 'csv', 'types': {'client': {'file': 'clients.csv', 'id': 'ID', 'fields': {"           \
	"'name': 'Company', 'email': 'Contact e-mail', 'since': {'column': 'Since', 'date': '%d.%m.%Y'},"    \
	"'status': {'column': 'Status', 'values': {'active': ['Kunde', 'A'], 'prospect': 'Interessent'}},"   \
	"'tags': 'Tags', 'country': {'column': 'Country', 'write': false}}}}}"
#define HEADER                                                                                               \
	"\xef\xbb\xbf"                                                                                       \
	"ID;Company;Phone;Contact e-mail;Since;Status;Tags;Country\r\n"
#define ACME "1;\"Acme, Inc\";+49 30 1;a@acme.example;03.11.2026;Kunde;vip, \"big\";DE\r\n"
#define SOHN "2;Ernst & Söhne; 12 ;;;A;;\r\n"

/* Opens a sheet with those clients. */
static inline void start(struct rig *rig, const char *config, const char *file, const char *text)
{
	rig_start(rig);
	rig_write(rig, file, text);
	check_int(rig_open(rig, csv_open, config), 0);
	if (!rig->link) {
		printf("# %s\n", rig->e.text);
		exit(1);
	}
}

/* A remote as a line: its id and its doc. */
static inline void put_remote(struct buf *b, const struct remote *r)
{
	_cleanup_(mem_freep) char *doc = json_print(r->doc);

	buf_printf(b, "%s %s\n", r->id, doc);
}

static inline int collect(void *context, const struct remote *remotes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_remote(context, &remotes[i]);
	return 0;
}

/* Lists from *@cursor on and moves it; the answer is given. */
static inline char *listing(struct rig *rig, enum type_id type, char **cursor, _Bool *complete)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	_cleanup_(mem_freep) char *since = *cursor;

	*cursor = NULL;
	if (rig->link->ops->list(rig->link, type, since, collect, &b, cursor, complete, &rig->e) < 0)
		buf_printf(&b, "error: %s", rig->e.text);
	return buf_steal(&b);
}

#define check_list(rig, type, want)                                                                          \
	do {                                                                                                 \
		_cleanup_(mem_freep) char *cursor_ = NULL;                                                   \
		_Bool complete_ = 0;                                                                         \
		_cleanup_(mem_freep) char *list_ = listing(rig, type, &cursor_, &complete_);                 \
		check_text(list_, want);                                                                     \
		check(complete_ == (strncmp(list_, "error", 5) != 0));                                       \
	} while (0)

static inline cJSON *json(const char *text)
{
	_cleanup_(mem_freep) char *copy = str_dup(text);
	cJSON *item = NULL;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	if (json_parse(copy, strlen(copy), 0, &item, NULL, NULL) < 0)
		abort();
	return item;
}

static inline char *remote_text(struct rig *rig, int r, struct remote *remote)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);

	if (r < 0)
		buf_printf(&b, "%s: %s", err_name(-r), rig->e.text);
	else
		put_remote(&b, remote);
	if (r == 0)
		remote_finish(remote);
	return buf_steal(&b);
}

/* Changes @id; @base may be NULL. The answer, or the error, as text. */
static inline char *update(
	struct rig *rig, enum type_id type, const char *id, const char *changes, const char *base)
{
	_cleanup_json_ cJSON *change = json(changes), *before = base ? json(base) : NULL;
	struct remote ret;

	return remote_text(
		rig, rig->link->ops->update(rig->link, type, id, change, before, &ret, &rig->e), &ret);
}

static inline char *create(struct rig *rig, enum type_id type, const char *doc)
{
	_cleanup_json_ cJSON *fields = json(doc);
	struct remote ret;

	return remote_text(
		rig, rig->link->ops->create(rig->link, type, fields, "key-9", &ret, &rig->e), &ret);
}

static inline char *find(struct rig *rig, enum type_id type, const char *doc, int64_t sent_ms)
{
	_cleanup_json_ cJSON *fields = json(doc);
	struct remote ret;

	return remote_text(
		rig, rig->link->ops->find(rig->link, type, fields, "key-9", sent_ms, &ret, &rig->e), &ret);
}

/* Checks the text that a call gives. */
#define check_call(call, want)                                                                               \
	do {                                                                                                 \
		_cleanup_(mem_freep) char *text_ = (call);                                                   \
		check_text(text_, want);                                                                     \
	} while (0)
