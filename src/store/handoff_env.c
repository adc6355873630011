/* SPDX-License-Identifier: Apache-2.0 */
/* What the names in a rule mean for one record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "store/handoff_p.h"

int deed_begin(struct deed *d, struct store *store, struct db *db, const struct handoff *rule, int64_t record,
	const char *when, int64_t now_ms)
{
	struct record_stat stat;
	int minute;

	d->store = store;
	d->db = db;
	d->stack = store_stack(store);
	d->rule = rule;
	d->record = record;
	d->log = BUF_INIT(BUF_MAX_RECORD);
	date_local(now_ms, d->today, &minute);
	snprintf(d->when, sizeof(d->when), "%s", when && when[0] ? when : d->today);
	snprintf(d->cause, sizeof(d->cause), "hand-off %s", rule ? rule->name : "");
	if (store_record_stat(db, record, &stat) < 0)
		return -ENOENT;
	d->type = stat.type;
	d->doc = store_record_doc(db, record);
	d->currency = record_currency(d->doc, d->stack->currency);
	return d->doc ? 0 : -ENOENT;
}

void deed_finish(struct deed *d)
{
	cJSON_Delete(d->doc);
	cJSON_Delete(d->result);
	cJSON_Delete(d->item);
	buf_finish(&d->log);
}

static struct value a_record(enum type_id type, int64_t id)
{
	return (struct value){.kind = VALUE_RECORD, .type = type, .number = id};
}

static struct value path_of(struct deed *d, int64_t record)
{
	_cleanup_(mem_freep) char *path = store_record_path(d->db, record);

	return path ? value_new_text(path) : (struct value){0};
}

/* A record without a currency of its own has the company's. */
static int field_of(
	struct deed *d, enum type_id id, const cJSON *doc, const char *name, struct value *ret, struct err *e)
{
	const struct type *type = type_get(id);
	const struct field *f = type_field(type, name);
	const char *currency = record_currency(doc, d->stack->currency);

	if (!f)
		return err_set(e, EINVAL, "the type %s has no field \"%s\"", type->name, name);
	*ret = strcmp(name, "currency") == 0 && id != TYPE_CLIENT ? value_new_text(currency)
								  : value_of_field(f, doc, currency);
	return 0;
}

static int of_record(
	struct deed *d, const struct value *of, const char *name, struct value *ret, struct err *e)
{
	_cleanup_json_ cJSON *doc = NULL;

	if (strcmp(name, "path") == 0) {
		*ret = path_of(d, of->number);
		return 0;
	}
	if (d->item_type && of->number == 0)
		return field_of(d, d->item_type, d->item, name, ret, e);
	doc = store_record_doc(d->db, of->number);
	return field_of(d, of->type, doc, name, ret, e);
}

static _Bool fixed_name(struct deed *d, const char *name, struct value *ret)
{
	if (strcmp(name, "record") == 0)
		*ret = a_record(d->type, d->record);
	else if (strcmp(name, "today") == 0)
		*ret = value_new_date(d->today);
	else if (strcmp(name, "when") == 0)
		*ret = value_new_date(d->when);
	else if (strcmp(name, "company") == 0)
		*ret = value_new_text(d->stack->company);
	else if (strcmp(name, "path") == 0)
		*ret = path_of(d, d->record);
	else if (strcmp(name, "with") == 0)
		/* What the owner wrote himself may have folders in it. */
		*ret = (struct value){.kind = VALUE_LIST,
			.number = 1,
			.list = d->rule && d->rule->with ? cJSON_Duplicate(d->rule->with, 1)
							 : cJSON_CreateObject()};
	else if (strcmp(name, "result") == 0 && d->result)
		*ret = (struct value){.kind = VALUE_LIST, .list = cJSON_Duplicate(d->result, 1)};
	else if (strcmp(name, "item") == 0 && d->item_type)
		*ret = a_record(d->item_type, 0);
	else
		return 0;
	return 1;
}

static int get(void *context, const struct value *of, const char *name, struct value *ret, struct err *e)
{
	struct deed *d = context;

	if (of && of->kind == VALUE_RECORD)
		return of_record(d, of, name, ret, e);
	if (of && of->kind == VALUE_LIST) {
		*ret = value_of_json(json_get(of->list, name));
		if (ret->kind == VALUE_TEXT)
			ret->number = of->number;
		return 0;
	}
	if (of)
		return 0; /* what has no value has no fields that have one */
	if (d->item_first && type_field(type_get(d->item_type), name))
		return field_of(d, d->item_type, d->item, name, ret, e);
	for (int i = 0; i < d->slot_count; i++) {
		if (strcmp(d->slots[i].name, name) == 0) {
			*ret = a_record(d->slots[i].type, d->slots[i].record);
			return 0;
		}
	}
	return fixed_name(d, name, ret) ? 0 : field_of(d, d->type, d->doc, name, ret, e);
}

static char *name_of(void *context, enum type_id type, int64_t id)
{
	struct deed *d = context;

	return store_record_name(d->db, id);
}

/* Numbers that were given once are not given again, also when their record is in the trash. */
static char *next_number(void *context, const char *prefix, int digits)
{
	struct deed *d = context;
	/* Before anything is made it is one of the record's own kind. */
	enum type_id type = d->target ? d->target : d->type;
	_cleanup_(mem_freep) char *pointer = str_format("$.%s", type_key(type_get(type))->name);
	int64_t highest = db_int(d->db, 0,
		"SELECT max(CAST(substr(n, length(?3) + 1) AS INTEGER)) FROM (SELECT json_extract(c.doc, ?2) "
		"AS n"
		" FROM record r JOIN content c ON c.record = r.id WHERE r.type = ?1)"
		" WHERE substr(n, 1, length(?3)) = ?3 AND length(n) BETWEEN length(?3) + 1 AND length(?3) + "
		"12"
		" AND substr(n, length(?3) + 1) NOT GLOB '*[^0-9]*'",
		"itt", (int64_t)type, pointer, prefix);

	return str_format("%s%0*lld", prefix, digits, (long long)highest + 1);
}

struct formula_env deed_env(struct deed *d)
{
	return (struct formula_env){
		.get = get, .name = name_of, .next = next_number, .context = d, .currency = d->currency};
}

int deed_text(struct deed *d, const char *text, _Bool file_name, char **ret, struct err *e)
{
	struct formula_env env = deed_env(d);
	_cleanup_value_ struct value v = {0};
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_RECORD);
	int r = formula_value(text, &env, file_name, &v, e);

	if (r == 0)
		r = value_text(&v, &env, &b);
	if (r == 0)
		*ret = buf_steal(&b);
	return r;
}

int deed_fits(struct deed *d, struct err *e)
{
	struct formula_env env = deed_env(d);
	int r = handoff_holds(d->rule->when, &env, e);

	return r > 0 ? handoff_holds(d->rule->conditions, &env, e) : r;
}
