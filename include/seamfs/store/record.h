/* SPDX-License-Identifier: Apache-2.0 */
/* record - reading records: names, listings, documents, views.        Threads: the owner of the db. */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/base/buf.h"
#include "seamfs/model/record.h"
#include "seamfs/store/db.h"

enum record_state {
	RECORD_LIVE = 0,
	RECORD_TRASHED = 1, /* no longer shown; kept */
};

struct record_stat {
	int64_t id;
	enum type_id type;
	int64_t whole; /* record whose folder it lives in, 0: the type's root folder */
	int64_t size;  /* bytes of its file */
	int64_t mtime_ms;
	int64_t version;
};

/* store_record_stat - 0 or -ENOENT (also for a trashed record) */
int store_record_stat(struct db *db, int64_t id, struct record_stat *ret);

/* store_record_find - by listed name, else by an older name of it. 0 or -ENOENT. */
int store_record_find(struct db *db, enum type_id type, int64_t whole, const char *name, int64_t *ret);

/* store_record_name - the listed name without ".json", given to the caller; NULL when there is none */
char *store_record_name(struct db *db, int64_t id);

/* store_record_path - where its file is in the tree, given to the caller; NULL when there is none */
char *store_record_path(struct db *db, int64_t id);

/* store_record_doc - given to the caller; NULL when there is none, or it is in the trash */
cJSON *store_record_doc(struct db *db, int64_t id);

/* store_record_doc_at - the doc as it was after that row of the history; given to the caller, NULL when there is none */
cJSON *store_record_doc_at(struct db *db, int64_t id, int64_t history);

/* store_record_changed - the record changed after that row of the history */
_Bool store_record_changed(struct db *db, int64_t id, int64_t history);

/* store_record_body - appends the file's bytes. 0 or -ENOENT. */
int store_record_body(struct db *db, int64_t id, struct buf *b);

/* One row of a listing; the name is borrowed for the call. A listing stops when its function returns false. */
struct listed {
	int64_t id; /* of the record, value, …: also where the next page begins */
	const char *name;
	int64_t size;
	int64_t mtime_ms;
};
typedef _Bool (*store_lister)(void *context, const struct listed *row);

/* store_record_list - live records of a folder with id > @after, by id */
void store_record_list(
	struct db *db, enum type_id type, int64_t whole, int64_t after, store_lister f, void *context);

/* store_record_all - live records of a type, in whatever folder */
void store_record_all(struct db *db, enum type_id type, store_lister f, void *context);

/* store_referrer_list - live records of @type that refer to @target, with id > @after */
void store_referrer_list(
	struct db *db, enum type_id type, int64_t target, int64_t after, store_lister f, void *context);

/* store_referrer_find - the live record of @type called @name that refers to @target. 0 or -ENOENT. */
int store_referrer_find(struct db *db, enum type_id type, int64_t target, const char *name, int64_t *ret);

/* store_value_list - the values of a view with id > @after: those of a choice, and others that a record has */
void store_value_list(
	struct db *db, enum type_id type, int field, int64_t after, store_lister f, void *context);
int store_value_find(struct db *db, enum type_id type, int field, const char *name, int64_t *ret);
char *store_value_name(struct db *db, int64_t value);

/* store_facet_list - the links in a value's folder with record id > @after; size is the length of the target */
void store_facet_list(struct db *db, int64_t value, int64_t after, store_lister f, void *context);
int store_facet_find(struct db *db, int64_t value, const char *name, int64_t *ret_record);

/* store_facet_target - where the link leads, given to the caller; NULL when there is none */
char *store_facet_target(struct db *db, int64_t value, int64_t record);

/* store_names - how references of docs become names and back; @db is borrowed as the context */
struct record_names store_names(struct db *db);
