/* SPDX-License-Identifier: Apache-2.0 */
/*
 * formula - texts with {expressions} in them: fields of records, sums of money, days.        Threads: any.
 *
 * "{amount * 0.5}", "Thank you, {client.name}!", "{month_end(issue_date + 30)}". Money is whole minor units and rounded half
 * away from zero; money of two currencies does not mix. A day plus a number is so many days later. What has no value makes the
 * sum it stands in one without value; in a text it is nothing. "{{" and "}}" are braces. The functions are in formula_call.c.
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/model/type.h"

enum value_kind {
	VALUE_NONE,
	VALUE_TEXT,
	VALUE_NUMBER,
	VALUE_MONEY,
	VALUE_DATE,
	VALUE_BOOL,
	VALUE_RECORD,
	VALUE_LIST, /* tags, or lines in the form of docs */
};

struct value {
	enum value_kind kind;
	char *text; /* TEXT, DATE; MONEY and LIST: the currency. Given */
	int64_t number; /* MONEY: minor units; RECORD: its id, 0: any; BOOL; TEXT: in a path it may have folders */
	struct decimal decimal;
	enum type_id type; /* RECORD */
	cJSON *list;	   /* LIST. Given */
};

/* Where names lead. */
struct formula_env {
	/* get - what is called @name in @of, NULL: at the top. 0, or -errno with a sentence. */
	int (*get)(void *context, const struct value *of, const char *name, struct value *ret, struct err *e);
	/* name - what people call a record; given, NULL when it is gone */
	char *(*name)(void *context, enum type_id type, int64_t id);
	/* next - the number behind the highest that begins with @prefix; given. NULL: this is only a check. */
	char *(*next)(void *context, const char *prefix, int digits);
	void *context;
	const char *currency; /* of money() */
};

void value_finish(struct value *v);
#define _cleanup_value_ _cleanup_(value_finish)

/* value_of_field - a field of a doc; @currency: the doc's. What is not there is VALUE_NONE. */
struct value value_of_field(const struct field *f, const cJSON *doc, const char *currency);

/* value_text - appends it as people write it; @env may be NULL when it is no record. 0 or -E2BIG. */
int value_text(const struct value *v, const struct formula_env *env, struct buf *b);

struct value value_new_text(const char *text);
struct value value_new_date(const char *date);
struct value value_new_money(int64_t minor, const char *currency);

/* value_compare - below, equal, above: <0, 0, >0. -EINVAL in @ret_error when they are of different kinds. */
int value_compare(const struct value *a, const struct value *b, int *ret_error);

/* formula_eval - one expression, without braces. 0 or -errno with a sentence. */
int formula_eval(const char *text, const struct formula_env *env, struct value *ret, struct err *e);

/**
 * formula_value - a text with expressions in it; one that is a single {expression} keeps the kind of its value
 * @file_name: each value is made safe as part of one file name
 */
int formula_value(
	const char *text, const struct formula_env *env, _Bool file_name, struct value *ret, struct err *e);
