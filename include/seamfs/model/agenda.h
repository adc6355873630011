/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agenda - what a calendar holds of records: tasks, and the days on which invoices and projects are due.
 * Threads: any; one owner of an entry at a time.
 *
 * A task is a VTODO. Due days are VTODOs or VEVENTs with a UID that begins with "seamfs-", and with the record's own words in
 * properties that begin with X-SEAMFS-. In docs of this header a REF is {"name": "…"}, or that name alone; a field that an entry can
 * have but does not is null.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

#include "seamfs/base/err.h"
#include "seamfs/codec/ical.h"
#include "seamfs/model/type.h"

/* agenda_fields - the fields of a type that an entry holds; 0: there are no entries of it */
uint64_t agenda_fields(enum type_id type);

/* agenda_type - TYPE_TASK, TYPE_INVOICE, TYPE_PROJECT, else TYPE_NONE */
enum type_id agenda_type(const struct ical *i);

/* agenda_uid - the UID of a new entry: @id, for a due day with its mark before it; given to the caller */
char *agenda_uid(enum type_id type, const char *id);

/* agenda_doc - all agenda_fields(); given to the caller */
cJSON *agenda_doc(enum type_id type, const struct ical *i);

/**
 * agenda_write - makes the entry say what @doc says; fields that it does not have stay as they are, null clears
 * @now_ms: when a task that becomes done was done
 *
 * Returns 0, or -EPERM, with err.field, for status and days of a task that repeats: they are those of many.
 */
int agenda_write(enum type_id type, struct ical *i, const cJSON *doc, int64_t now_ms, struct err *e);
