/* SPDX-License-Identifier: Apache-2.0 */
/* drivers - the connectors that are written in C, and what they share.        Threads: as connect.h says. */
#pragma once

#include <sys/inotify.h>

#include "seamfs/connect/registry.h"

/**
 * csv_open - spreadsheets as a tool: {"types": {"client": {"file": "clients.csv", "id": "ID", "fields": …}}}
 *
 * "fields" is "same" (columns are called like our fields) or an object: our field -> header of a column, or
 * {"column", "write": false, "date": "%d.%m.%Y", "decimal": ",", "values": {ours: text of a cell or list of
 * such}}. "create": true makes a file that is missing.
 *
 * A row's remote id is the text of its id cell. A row without one has the id "row:" and the text of its key
 * field; its first update() writes that same text into the id cell, so the id stays, whatever happens to the
 * name. In a sheet without an id column an update() of the key field changes the id: the answer's remote.id
 * is the new one, and the old one is gone. The same holds where the id column is also a field that changes.
 *
 * Where ids are numbers, find() knows a row by its values only: among rows that are equal in all fields it
 * gives the last one, which may be another record's when the file was written since.
 */
int csv_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

/* folder_open - a local folder as a document tool: {"path": "/home/me/Documents"} */
int folder_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

/*
 * s3_open - a bucket as a document tool: {"url": "https://s3.eu-central-1.amazonaws.com", "bucket": "docs", "region": "eu-central-1", "key":
 * "AKIA…", "secret": {"file": "…"}, "folder": "Clients"}; "style": "host" for https://BUCKET.HOST/
 */
int s3_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

/*
 * webdav_open - a folder on a WebDAV server as a document tool: {"url": "https://…", "user": "ann", "password": {"file": "…"}, "folder":
 * "Clients"}; "token" instead of user and password
 */
int webdav_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

/**
 * ledger_open - plain-text accounting as a tool: {"file": "books/{year}.journal", "syntax": "hledger", "accounts": {…}}
 *
 * Without {year} all is in one file, which "create": true makes. Each entry, invoice and payment is one transaction
 * (model/books.h) whose tag has the key of its create() as the id; that is how it is found again.
 */
int ledger_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

/**
 * carddav_open, caldav_open - a collection of a server as a tool: {"url": "https://…", "user": "jane", "password": {…}}, and
 *                             "collection": "Work" where there are several
 *
 * "url" may be that of the server, of a user, or of the collection itself.
 */
int carddav_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);
int caldav_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

/* driver_pointer - the JSON Pointer of member @key of the value at @pointer; given to the caller */
char *driver_pointer(const char *pointer, const char *key);

/* driver_bad - refuses the value at @pointer in the tool's object; returns -EINVAL */
int driver_bad(struct err *e, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * driver_keys - refuses what is no object, and members whose name is not in @known (NULL-terminated)
 *
 * The tool's object itself (@pointer is "") may also have the keys that the rest of seamfs reads.
 */
int driver_keys(const cJSON *object, const char *pointer, const char *const *known, struct err *e);

/**
 * driver_whole - makes an error one of the whole tool and returns @r, so that a function can
 *                `return driver_whole(e, err_set(e, …))`
 *
 * What is wrong with a file is right as soon as somebody repairs it, and looking again costs nothing: later.
 */
int driver_whole(struct err *e, int r);

/* driver_stopped - whether another thread asked the link to give up; then @e is filled */
_Bool driver_stopped(const struct tool_link *link, struct err *e);

/* driver_drain - reads an inotify descriptor empty; true when @concerns was true for one of the events */
typedef _Bool (*driver_event)(void *context, const struct inotify_event *event);
_Bool driver_drain(int fd, driver_event concerns, void *context);
