/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - one record between its document (type.h) and its file.        Threads: any.
 *
 * A patch is a JSON object of the same shape as a doc in which null means "clear this field". A key that a patch
 * does not have is a field it does not touch.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/model/type.h"

/* How references become names and back. */
struct record_names {
	/* find - the record that people call @name; a part is looked for inside @whole first (0: none). 0 or -ENOENT. */
	int (*find)(void *context, enum type_id type, int64_t whole, const char *name, int64_t *ret);
	/* name - what people call the record @id; given to the caller, NULL when there is no such record */
	char *(*name)(void *context, enum type_id type, int64_t id);
	void *context;
};

/**
 * record_parse - the patch that a file's text means
 * @old:      the record's doc as it is now, NULL for a new record; a value that is the same as there is not judged,
 *            so what a tool once delivered can always be saved again
 * @currency: the company's, for records that name none
 *
 * Refuses with -EINVAL (unknown key, wrong kind, value that is not allowed), -ENOENT (unknown reference), -EPERM
 * (read-only field); err.field is the key. The patch holds only fields that differ from @old.
 */
int record_parse(const struct type *type, const char *text, size_t len, const cJSON *old,
	const struct record_names *names, const char *currency, cJSON **ret_patch, struct err *e);

/* record_apply - @doc with @patch, in field order; given to the caller. @doc may be NULL. */
cJSON *record_apply(const struct type *type, const cJSON *doc, const cJSON *patch);

/**
 * record_complete - fills what follows from the rest: choices' defaults of a new record, totals of the lines
 * @before: the doc before the patch, NULL for a new record
 *
 * Refuses with -EINVAL totals that do not agree with lines when either was changed, and with -EINVAL a record
 * that lacks a required field.
 */
int record_complete(
	const struct type *type, const cJSON *before, cJSON *doc, const char *currency, struct err *e);

/* What the lines of one tax rate make. */
enum { RECORD_MAX_RATES = 16 };
struct record_rate {
	struct decimal rate; /* percent */
	int64_t net, tax;
};

/**
 * record_rates - the lines by tax rate: each line's price is rounded, tax is rounded once for each rate
 * @rates: RECORD_MAX_RATES of them
 *
 * Returns 0; -ENODATA where a line has no price; -EINVAL; -ERANGE when they fit into no amount, or have more rates.
 */
int record_rates(const cJSON *lines, struct record_rate *rates, size_t *ret_count);

/* record_totals - net, tax and total of the lines, where the type has them. 0 or -errno when they fit into no amount. */
int record_totals(const struct type *type, cJSON *doc);

/* record_changed - the fields in which two docs differ; either may be NULL */
uint64_t record_changed(const struct type *type, const cJSON *a, const cJSON *b);

/* record_patch - what turns @from into @to, limited to @fields; given to the caller */
cJSON *record_patch(const struct type *type, const cJSON *from, const cJSON *to, uint64_t fields);

/* record_shown - the object in the record's file: names for references, decimal money; given to the caller */
cJSON *record_shown(
	const struct type *type, const cJSON *doc, const struct record_names *names, const char *currency);

/* record_render - the record's file: pretty JSON, keys in field order, names for references, decimal money */
int record_render(const struct type *type, const cJSON *doc, const struct record_names *names,
	const char *currency, struct buf *b);

/* record_currency - the doc's currency, or the company's */
const char *record_currency(const cJSON *doc, const char *company);

/* record_ref - the id in a REF field, 0 when it is empty */
int64_t record_ref(const cJSON *doc, const struct field *field);

/* record_template - the file of an empty record: every key, null or its default */
int record_template(const struct type *type, struct buf *b);
